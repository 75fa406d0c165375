-- The events that a cursor does not cover, in the order of ids, each with its membership.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_room bigint := group_of(v_alice, array[v_bob]);
	v_hall bigint := group_of(v_alice, array[v_bob]);
	v_base bigint := id_new();
	v_ids bigint[];
	v_page record;
begin
	v_ids := array[send(v_hall, v_alice), send(v_room, v_alice), send(v_hall, v_alice)];
	perform member_remove(v_room, v_alice, v_bob);

	select b.* into v_page from sync_by_id(v_bob, v_base, null, null, null, null, null, 3) b;
	perform same((select array_agg(i order by i) from unnest(v_page.ids) i), v_ids, 'the first three');
	perform same(v_page.are_messages, array[true, true, true], 'messages');

	select b.* into v_page from sync_by_id(v_bob, v_base, array[v_hall], array[v_ids[3]], null, null, null, 10) b;
	perform same(v_page.conversations, array[v_room, v_room], 'an exception covers the hall');
	perform same(v_page.are_messages, array[true, false], 'a message and the removal');
	perform same(v_page.left_seqs, array[3, 3]::bigint[], 'in a time that has ended');
	perform same(v_page.joined_seqs, array[1, 1]::bigint[], 'with its beginning');

	select b.* into v_page from sync_by_id(v_bob, id_new(), null, null, null, null, null, 10) b;
	perform same(v_page.ids, null::bigint[], 'nothing');
end
$$;
