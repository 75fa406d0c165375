-- The events of a long absence: pages of every size return each event once, conversation by
-- conversation. They include the events of ended memberships.
-- SPDX-License-Identifier: MIT
create function pg_temp.found(
	in_user bigint,
	in_base bigint,
	in_end bigint,
	in_limit integer,
	in_conversation bigint default null,
	in_id bigint default null,
	in_listed bigint[] default null,
	in_ids bigint[] default null
)
returns text
language sql
as $$
	select string_agg(concat(p.conversation_id % 100, ' ', p.id), ', ' order by p.conversation_id, p.id)
	from sync_by_conversation(in_user, in_base, in_listed, in_ids, null, null, null, in_conversation, in_id, in_end, in_limit) b,
		unnest(b.conversations, b.ids) as p (conversation_id, id)
$$;

do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_rooms bigint[];
	v_base bigint;
	v_end bigint;
	v_wanted text;
	v_got text;
	v_page text;
	v_at record;
	v_size integer;
	v_conversation bigint;
	v_id bigint;
begin
	-- 60 rooms, more than one block; every third has new events, and two have many
	select array_agg(group_of(v_alice, array[v_bob]) order by n) into v_rooms from generate_series(1, 60) n;
	select array_agg(r order by r) into v_rooms from unnest(v_rooms) r;
	v_base := id_new();
	for i in 1 .. 60 loop
		if i % 3 = 0 then
			perform send(v_rooms[i], v_alice);
		end if;
		if i in (30, 31) then
			perform send(v_rooms[i], v_alice) from generate_series(1, 30);
		end if;
	end loop;
	-- bob is removed from a room with new events, and from another that he joins again; a third
	-- room is deleted
	perform member_remove(v_rooms[6], v_alice, v_bob);
	perform member_remove(v_rooms[7], v_alice, v_bob);
	perform member_add(v_rooms[7], v_alice, array[v_bob]);
	perform conversation_delete(v_rooms[50], v_alice);
	v_end := id_new();
	perform send(v_rooms[3], v_alice);
	perform send(v_rooms[59], v_alice);

	with events as (
		select conversation_id, id from messages
		union all
		select conversation_id, id from changes
	)
	select string_agg(concat(e.conversation_id % 100, ' ', e.id), ', ' order by e.conversation_id, e.id) into v_wanted
	from events e
	where e.conversation_id = any (v_rooms) and e.id between v_base and v_end - 1;
	perform same(cardinality(string_to_array(v_wanted, ', ')), 84, 'what there is to find');

	foreach v_size in array array[1, 2, 7, 30, 1000] loop
		v_got := null;
		v_conversation := null;
		v_id := null;
		loop
			select b.conversations, b.ids, cardinality(b.ids) as n into v_at
			from sync_by_conversation(v_bob, v_base, null, null, null, null, null, v_conversation, v_id, v_end, v_size) b;
			exit when v_at.n is null;
			select string_agg(concat(p.conversation_id % 100, ' ', p.id), ', ' order by p.conversation_id, p.id),
				(array_agg(p.conversation_id order by p.conversation_id desc, p.id desc))[1],
				(array_agg(p.id order by p.conversation_id desc, p.id desc))[1]
			into v_page, v_conversation, v_id
			from unnest(v_at.conversations, v_at.ids) as p (conversation_id, id);
			v_got := concat_ws(', ', v_got, v_page);
			exit when v_at.n < v_size;
		end loop;
		perform same(v_got, v_wanted, concat('by pages of ', v_size));
	end loop;

	-- exceptions, and events at or above the end
	perform same(
		(select count(*) from unnest(string_to_array(pg_temp.found(v_bob, v_base, null, 1000), ', '))),
		86::bigint,
		'without an end'
	);
	perform same(
		pg_temp.found(v_bob, v_base, v_end, 1, null, null, v_rooms[3:3], array[v_end]),
		pg_temp.found(v_bob, v_base, v_end, 1, v_rooms[3], v_end),
		'an exception covers'
	);
	perform same(pg_temp.found(v_alice, v_end, v_end, 10), null, 'nothing');
end
$$;
