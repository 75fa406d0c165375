-- A page of long messages ends at page_bytes(), however JSON escapes their text. No message is
-- missing between two pages.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_text text;
	v_page jsonb;
	v_before bigint;
	v_seen integer := 0;
	v_pages integer := 0;
begin
	perform same(page_bytes(), 1048576, 'limit');
	perform same(page_fit(null, 1000), 0, 'none');
	-- plain, and such that JSON makes six octets of each
	foreach v_text in array array[repeat('x', 65536), repeat(chr(1), 65536)] loop
		for i in 1..30 loop
			perform message_send(v_group, v_alice, ascii(v_text) || '-' || i, v_text, null, null);
		end loop;
	end loop;
	loop
		v_page := message_list(v_group, v_bob, v_before, null, null, 200)::jsonb;
		perform same(octet_length(message_list(v_group, v_bob, v_before, null, null, 200)::text) <= page_bytes(), true, 'the page is not longer');
		v_seen := v_seen + jsonb_array_length(v_page -> 'messages');
		v_pages := v_pages + 1;
		exit when not (v_page ->> 'has_more')::boolean;
		v_before := v_page #>> '{messages,0,id}';
	end loop;
	perform same(v_seen, 60, 'all messages, each once');
	perform same(v_pages >= 14, true, 'in many pages');
	v_page := message_list(v_group, v_bob, null, null, v_before, 200)::jsonb;
	perform same(v_page @> jsonb_build_object('messages', jsonb_build_array(jsonb_build_object('id', v_before::text))), true, 'around: the anchor is there');

	for i in 1..40 loop
		perform message_send(group_of(v_alice, array[v_bob]), v_alice, 'long', repeat('y', 60000), null, null);
	end loop;
	v_page := conversation_list(v_bob, null, null, 200)::jsonb;
	perform same((v_page ->> 'has_more')::boolean, true, 'the inbox has more');
	perform same(octet_length(v_page::text) <= page_bytes() * 1.02, true, 'the inbox is not longer');
end
$$;
