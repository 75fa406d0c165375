-- Two users have one direct conversation, whoever creates it.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_row record;
	v_id text;
begin
	select r.payload::json ->> 'id' as id, r.payload::json -> 'peer' ->> 'name' as peer, r.created into v_row
	from conversation_direct(v_bob, v_alice) r where r.channel is null;
	v_id := v_row.id;
	perform same(v_row.created, true, 'new');
	perform same(v_row.peer, 'alice', 'peer');
	select r.payload::json ->> 'id' as id, r.payload::json -> 'peer' ->> 'name' as peer, r.created into v_row
	from conversation_direct(v_alice, v_bob) r;
	perform same(v_row::text, row(v_id, 'bob', false)::text, 'the same');
	perform same(cardinality(notifications(format('conversation_direct(%s, %s)', v_alice, v_bob))), 1, 'no notifications');
	perform same(cardinality(notifications(format('conversation_direct(%s, %s)', v_alice, person('carol')))), 4, 'notifications for both');
	perform refused(format('select conversation_direct(%s, %s)', v_alice, v_alice), 'invalid_body');
	perform refused(format('select conversation_direct(%s, 1)', v_alice), 'user_not_found');
	perform whole();
end
$$;
