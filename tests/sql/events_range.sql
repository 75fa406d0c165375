-- The events of a range, as they were published.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_first bigint := test.last_id(v_group);
	v_message bigint := send(v_group, v_alice);
	v_notification text := (notifications(format('member_remove(%s, %s, %s)', v_group, v_bob, v_bob)))[2];
	v_at bigint;
	v_page record;
	v_seen integer := 0;
begin
	perform send(v_group, v_alice);
	perform same((select string_agg(e.event::json ->> 'type', ' ') from events_range(v_group, 0, 10) e),
		'conversation.created message.created member.removed message.created', 'all');
	perform same((select array_agg(e.seq) from events_range(v_group, v_first, 2) e), array[2, 3]::bigint[], 'two after the first');
	perform same(
		(select format('c:%s ', v_group) || event_notification(e.id, e.seq, e.gone, e.event::text) from events_range(v_group, v_message, 1) e),
		v_notification,
		'to the letter'
	);
	perform same((select count(*) from events_range(v_group, test.last_id(v_group), 10)), 0::bigint, 'nothing after the last');

	-- long messages: pages that follow one another, each event once
	v_at := test.last_id(v_group);
	for i in 1..40 loop
		perform send(v_group, v_alice, repeat('x', 65536));
	end loop;
	loop
		select count(*) as events, sum(octet_length(e.event)) as bytes, max(e.id) as id into v_page from events_range(v_group, v_at, 500) e;
		exit when v_page.events = 0;
		perform same(v_page.bytes between 65536 and 1048576 * 1.02, true, 'a page is not longer than page_bytes()');
		v_seen := v_seen + v_page.events;
		v_at := v_page.id;
	end loop;
	perform same(v_seen, 40, 'all, each once');
end
$$;
