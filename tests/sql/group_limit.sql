-- A group of more than group_limit() members is refused, at its creation and when members are
-- added.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_owner bigint := person('owner');
	v_crowd bigint[];
	v_group bigint;
begin
	perform same(group_limit(), 10000, 'limit');
	insert into users (id, name, display_name) select n, 'crowd' || n, 'crowd' from generate_series(1, 10000) n;
	select array_agg(n) into v_crowd from generate_series(1, 10000) n;
	perform refused(format('select conversation_group(%s, %L, %L, null)', v_owner, 'too many', v_crowd), 'too_many_members');
	v_group := group_of(v_owner, v_crowd[2:]);
	perform same(jsonb(conversation_get(v_group, v_owner)) ->> 'member_count', '10000', 'a full group');
	perform refused(format('select member_add(%s, %s, array[1])', v_group, v_owner), 'too_many_members');
end
$$;
