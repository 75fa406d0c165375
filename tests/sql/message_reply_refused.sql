-- Only to a message of the conversation, of the time that one may see, by a member.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_group bigint := group_of(v_alice, '{}', 'joined');
	v_other bigint := group_of(v_alice, array[v_bob]);
	v_early bigint := send(v_group, v_alice);
	v_elsewhere bigint := send(v_other, v_alice);
	v_late bigint;
begin
	perform same(message_reply_refused(v_group, v_bob, v_early), 'not_a_member', 'a stranger');
	perform member_add(v_group, v_alice, array[v_bob]);
	v_late := send(v_group, v_alice);
	perform same(message_reply_refused(v_group, v_bob, v_late), null, 'a message');
	perform same(message_reply_refused(v_group, v_bob, v_early), 'unknown_reply', 'from before joining');
	perform same(message_reply_refused(v_group, v_alice, v_early), null, 'for who was there');
	perform same(message_reply_refused(v_group, v_bob, v_elsewhere), 'unknown_reply', 'of another conversation');
end
$$;
