-- Finds mentioned users: by name or by a list of ids, members only and not the sender. The number
-- of looked-up names depends on the message alone.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_eve bigint := person('eve');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_other bigint := group_of(v_eve, array[v_alice]);
	v_found record;
	v_start timestamptz;
begin
	insert into users (id, name, display_name) values (5, 'bob.', 'Dot');
	insert into members (conversation_id, user_id, role, joined_id, joined_seq) values (v_group, 5, 'member', 1, 1);
	select f.users, f.excess into v_found
	from mentions_find(
		array[v_group, v_other, v_group, v_other, v_group, v_group, v_group, v_group],
		array[v_alice, v_eve, v_bob, v_alice, v_alice, v_alice, v_alice, v_alice],
		array['@alice @bob @eve @BOB', 'nobody', '@bob @alice. @nobody', 'hello @eve, @bob', 'ask @bob.', '@bob', '@bob', 'all'],
		array[null, null, null, null, null, '{}', format('{5,%s,5,7}', v_alice), '{0}']
	) f;
	perform same(
		v_found.users,
		array[format('{%s}', v_bob), null, format('{%s}', v_alice), format('{%s}', v_eve), format('{%s}', v_bob), null, '{5}', '{0}'],
		'users'
	);
	perform same(v_found.excess, array_fill(false, array[8]), 'none is too many');

	select f.users, f.excess into v_found
	from mentions_find(
		array_fill(v_group, array[4]),
		array_fill(v_alice, array[4]),
		array[
			(select string_agg('@user' || n, ' ') from generate_series(1, 50) n),
			(select string_agg('@user' || n, ' ') from generate_series(1, 51) n),
			'x',
			'x'
		],
		array[null, null, (select array_agg(n)::text from generate_series(1, 50) n), (select array_agg(n)::text from generate_series(1, 51) n)]
	) f;
	perform same(v_found.excess, array[false, true, false, true], 'fifty, and one more');
	perform same((select f.users from mentions_find(array[v_group], array[v_alice], array['@bob'], null) f), array[format('{%s}', v_bob)], 'no lists at all');
end
$$;
