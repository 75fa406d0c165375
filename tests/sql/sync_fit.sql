-- A page of missed events is as long as its limit of bytes, whatever makes it long. Nothing is left
-- out between two pages, with a pass and without.
-- SPDX-License-Identifier: MIT
create function pg_temp.page(
	in_user bigint,
	in_base bigint,
	in_conversations bigint[],
	in_ids bigint[],
	in_bytes integer,
	out events bigint,
	out bytes bigint,
	out is_cut boolean,
	out conversations bigint[],
	out ids bigint[]
)
language sql
as $$
	select count(*), sum(octet_length(e.event)), bool_or(e.is_cut), array_agg(e.conversation_id), array_agg(e.id)
	from sync_events(in_user, in_base, in_conversations, in_ids, null, null, null, null, null, null, 201, in_bytes) e
$$;

do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_room bigint := group_of(v_alice, array[v_bob]);
	v_base bigint := id_new();
	v_middle bigint;
	v_end bigint;
	v_page record;
	v_rooms bigint[];
	v_conversations bigint[] := '{}';
	v_ids bigint[] := '{}';
	v_seen integer := 0;
	v_conversation bigint;
	v_id bigint;
begin
	-- long texts
	for i in 1..60 loop
		perform send(v_room, v_alice, repeat('x', 65536));
	end loop;
	loop
		v_page := pg_temp.page(v_bob, v_base, v_conversations, v_ids, 1048576);
		exit when v_page.events = 0;
		perform same(v_page.bytes <= 1048576 + 15 * 512, true, 'the page is not longer');
		v_seen := v_seen + v_page.events;
		perform same(v_page.is_cut, v_seen < 60, 'is_cut tells that more follow');
		v_conversations := v_conversations || v_page.conversations;
		v_ids := v_ids || v_page.ids;
	end loop;
	perform same(v_seen, 60, 'all messages, each once');
	v_page := pg_temp.page(v_bob, v_base, null, null, 1000);
	perform same((v_page.events, v_page.is_cut), (1::bigint, true), 'one event at least');
	perform same(v_page.ids[1], (select min(id) from messages where conversation_id = v_room), 'the first');
	v_page := pg_temp.page(v_bob, v_ids[60], null, null, 1000);
	perform same((v_page.events, v_page.is_cut), (1::bigint, false), 'the last one alone is not cut');

	-- data that PostgreSQL stores in few octets, and small data
	v_middle := id_new();
	for i in 1..100 loop
		perform message_send(v_room, v_alice, 'data-' || i, '', jsonb_build_object('a', repeat('x', 16000)), null);
	end loop;
	v_page := pg_temp.page(v_bob, v_middle, null, null, 262144);
	perform same((v_page.is_cut, v_page.bytes between 200000 and 262144 * 1.02), (true, true), 'data that compresses well');
	v_middle := id_new();
	for i in 1..100 loop
		perform message_send(v_room, v_alice, 'small-' || i, 'hi', '{"a":[1,2,3]}', null);
	end loop;
	v_page := pg_temp.page(v_bob, v_middle, null, null, 262144);
	perform same((v_page.events, v_page.is_cut), (100::bigint, false), 'small data');

	-- joining brings the last message of each conversation
	v_middle := id_new();
	for i in 1..40 loop
		v_rooms[i] := group_of(v_alice);
		perform send(v_rooms[i], v_alice, repeat('y', 60000));
		perform member_add(v_rooms[i], v_alice, array[v_carol]);
	end loop;
	v_end := id_new();
	v_page := pg_temp.page(v_carol, v_middle, null, null, 1048576);
	perform same((v_page.is_cut, v_page.bytes between 900000 and 1048576 * 1.02), (true, true), 'conversations with long messages');

	-- a pass: each conversation has one more long message
	perform send(r, v_alice, repeat('z', 60000)) from unnest(v_rooms) r;
	v_end := id_new();
	v_seen := 0;
	loop
		select count(*) as events, sum(octet_length(e.event)) as bytes, bool_or(e.is_cut) as is_cut, max(e.pass_end) as pass_end,
			(array_agg(e.conversation_id order by e.conversation_id desc, e.id desc))[1] as conversation,
			(array_agg(e.id order by e.conversation_id desc, e.id desc))[1] as id
		into v_page
		from sync_events(v_carol, v_middle, null, null, null, null, null, v_end, v_conversation, v_id, 60, 262144) e;
		perform same(v_page.bytes <= 262144 * 1.02, true, 'a page of a pass is not longer');
		perform same(v_page.pass_end, v_end, 'of the pass');
		v_seen := v_seen + v_page.events;
		perform same(v_page.is_cut, v_seen < 80, 'is_cut, in a pass');
		v_conversation := v_page.conversation;
		v_id := v_page.id;
		exit when not v_page.is_cut;
	end loop;
	perform same(v_seen, 80, 'all events of the pass, each once');
end
$$;
