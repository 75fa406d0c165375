-- Messages and the member's own joining move the activity of a conversation; no other event does.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_group bigint := group_of(v_alice, array[v_bob]);
	v_created bigint := test.last_id(v_group);
	v_message bigint;
begin
	perform same(conversation_activity(5, 7), 7::bigint, 'joined later');
	perform same(conversation_activity(7, 5), 7::bigint, 'a newer message');
	perform same(conversation_get(v_group, v_bob) ->> 'activity_id', v_created::text, 'created');
	perform conversation_update(v_group, v_alice, 'renamed'), member_role(v_group, v_alice, v_bob, 'admin'), member_add(v_group, v_alice, array[v_carol]);
	perform same(conversation_get(v_group, v_bob) ->> 'activity_id', v_created::text, 'other events');
	perform same(conversation_get(v_group, v_bob) ->> 'last_id', test.last_id(v_group)::text, 'but for the last id');
	perform same(conversation_get(v_group, v_carol) ->> 'activity_id', test.last_id(v_group)::text, 'joined');
	v_message := send(v_group, v_alice);
	perform same(conversation_get(v_group, v_bob) ->> 'activity_id', v_message::text, 'a message');
	perform same(conversation_get(v_group, v_carol) ->> 'activity_id', v_message::text, 'a message, for all');
end
$$;
