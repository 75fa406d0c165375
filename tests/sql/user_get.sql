-- One user, or user_not_found. last_seen is for people who share a conversation.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_stranger bigint := person('stranger');
	v_room bigint := group_of(v_alice, array[v_bob]);
begin
	perform presence_seen(array[v_alice], array['2026-01-01']::timestamptz[]);
	perform same(user_get(v_stranger, v_alice) ->> 'name', 'alice', 'found');
	perform same(user_get(v_stranger, v_alice) ->> 'last_seen', null, 'not for a stranger');
	perform same(user_get(v_alice, v_alice) ->> 'last_seen', '2026-01-01T00:00:00.000Z', 'oneself');
	perform same(user_get(v_bob, v_alice) ->> 'last_seen', '2026-01-01T00:00:00.000Z', 'in a conversation');
	perform member_remove(v_room, v_alice, v_bob);
	perform same(user_get(v_bob, v_alice) ->> 'last_seen', null, 'not after being removed');
	perform same(user_get(v_alice) ->> 'last_seen', null, 'nobody has said who asks');
	perform refused('select user_get(1, 1)', 'user_not_found');
	perform refused('select user_get(1)', 'user_not_found');
end
$$;
