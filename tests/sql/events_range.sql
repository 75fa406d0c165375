-- A stretch of a conversation, as it was announced.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_first bigint := test.last_id(v_group);
	v_message bigint := send(v_group, v_alice);
	v_ring text := (rings(format('member_remove(%s, %s, %s)', v_group, v_bob, v_bob)))[2];
begin
	perform send(v_group, v_alice);
	perform same((select string_agg(e.event::json ->> 'type', ' ') from events_range(v_group, 0, 10) e),
		'conversation.created message.created member.removed message.created', 'all');
	perform same((select array_agg(e.seq) from events_range(v_group, v_first, 2) e), array[2, 3]::bigint[], 'two after the first');
	perform same(
		(select format('c:%s ', v_group) || event_ring(e.id, e.seq, e.gone, e.event::text) from events_range(v_group, v_message, 1) e),
		v_ring,
		'to the letter'
	);
	perform same((select count(*) from events_range(v_group, test.last_id(v_group), 10)), 0::bigint, 'nothing after the last');
end
$$;
