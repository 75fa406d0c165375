-- Pages of history: newest, before, after, around; their ends, visibility, and receipts of own
-- messages.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_late bigint := group_of(v_alice, '{}', 'joined');
	v_ids bigint[];
	v_row record;
	v_page json;
begin
	-- messages have the seqs 2 to 11, but 7, which is a change
	for i in 2..6 loop
		v_ids[i] := send(v_group, case i % 2 when 0 then v_alice else v_bob end);
	end loop;
	perform conversation_update(v_group, v_alice, 'renamed');
	v_ids[7] := test.last_id(v_group);
	for i in 8..11 loop
		v_ids[i] := send(v_group, case i % 2 when 0 then v_alice else v_bob end);
	end loop;

	for v_row in
		select t.before, t.after, t.around, t.size, t.seqs, t.more, t.newer
		from (values
			(null, null, null, 3, '9 10 11', 'true', null),
			(null, null, null, 9, '2 3 4 5 6 8 9 10 11', 'false', null),
			(v_ids[9], null, null, 3, '5 6 8', 'true', null),
			(v_ids[4], null, null, 3, '2 3', 'false', null),
			(v_ids[2], null, null, 3, null, 'false', null),
			(v_ids[7], null, null, 2, '5 6', 'true', null),
			(null, v_ids[6], null, 2, '8 9', 'true', null),
			(null, v_ids[7], null, 4, '8 9 10 11', 'false', null),
			(null, v_ids[11], null, 4, null, 'false', null),
			(null, 0, null, 2, '2 3', 'true', null),
			(null, null, v_ids[6], 4, '4 5 6 8', 'true', 'true'),
			(null, null, v_ids[6], 5, '4 5 6 8 9', 'true', 'true'),
			(null, null, v_ids[2], 4, '2 3', 'false', 'true'),
			(null, null, v_ids[11], 4, '9 10 11', 'true', 'false'),
			(null, null, v_ids[6], 1, '6', 'true', 'true')
		) as t (before, after, around, size, seqs, more, newer)
	loop
		v_page := message_list(v_group, v_alice, v_row.before, v_row.after, v_row.around, v_row.size);
		perform same(
			(select string_agg(m ->> 'seq', ' ') from json_array_elements(v_page -> 'messages') m),
			v_row.seqs,
			'messages ' || v_row::text
		);
		perform same(v_page ->> 'has_more', v_row.more, 'has_more ' || v_row::text);
		perform same(v_page ->> 'has_newer', v_row.newer, 'has_newer ' || v_row::text);
	end loop;

	perform receipts_update(v_bob, array[v_group], array[v_ids[11]], array[v_ids[8]]);
	v_page := message_list(v_group, v_alice, null, null, null, 4) -> 'messages';
	perform same(
		(select string_agg(concat(m ->> 'seq', ' ', m ->> 'status', m -> 'receipts' ->> 'read'), ', ') from json_array_elements(v_page) m),
		'8 read1, 9 , 10 read1, 11 ',
		'receipts of ones own only'
	);

	for v_row in select unnest(array[1, v_ids[2] + 1, send(v_late, v_alice)]) as id loop
		perform refused(format('select message_list(%s, %s, %s, null, null, 5)', v_group, v_alice, v_row.id), 'unknown_anchor');
		perform refused(format('select message_list(%s, %s, null, %s, null, 5)', v_group, v_alice, v_row.id), 'unknown_anchor');
		perform refused(format('select message_list(%s, %s, null, null, %s, 5)', v_group, v_alice, v_row.id), 'unknown_anchor');
	end loop;
	perform refused(format('select message_list(%s, %s, 0, null, null, 5)', v_group, v_alice), 'unknown_anchor');
	perform refused(format('select message_list(%s, %s, null, null, null, 5)', v_group, v_carol), 'not_a_member');

	-- who comes late
	perform member_add(v_group, v_alice, array[v_carol]), member_add(v_late, v_alice, array[v_carol]);
	perform same(json_array_length(message_list(v_group, v_carol, null, null, null, 50) -> 'messages'), 9, 'the full history');
	perform same(message_list(v_late, v_carol, null, null, null, 50)::text, '{"messages":[],"has_more":false}', 'nothing from before');
	perform refused(format('select message_list(%s, %s, %s, null, null, 5)', v_late, v_carol, v_row.id), 'unknown_anchor');
	perform send(v_late, v_alice);
	perform same(json_array_length(message_list(v_late, v_carol, null, 0, null, 50) -> 'messages'), 1, 'what came after');

	perform member_remove(v_group, v_carol, v_carol);
	perform refused(format('select message_list(%s, %s, null, null, null, 5)', v_group, v_carol), 'not_a_member');
end
$$;
