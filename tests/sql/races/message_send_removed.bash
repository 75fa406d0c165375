# P6: the send of a member who is removed while it waits for the conversation is refused, and leaves
# no hole.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice) bob=$(person bob)
room=$(quick "select group_of($alice, array[$bob])")
session owner
session sender

ask owner "begin; select member_remove($room, $alice, $bob)" >/dev/null
tell sender "select status, message, event from message_send($room, $bob, 'late', 'hi', null, null)"
until_waits sender
ask owner "commit"
same "$(answer sender)" "not_a_member||" "answer"
same "$(quick "select count(*) from messages where conversation_id = $room")" 0 "messages"
quick 'select whole()'

# the same with a conversation that is deleted
room=$(quick "select group_of($alice, array[$bob])")
ask owner "begin; select conversation_delete($room, $alice)" >/dev/null
tell sender "select status from message_send($room, $bob, 'late', 'hi', null, null)"
until_waits sender
ask owner "commit"
same "$(answer sender)" "not_a_member" "answer of the deleted one"
quick 'select whole()'
