# A member who is removed while a read waits for the member row gets the error not_a_member.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice) bob=$(person bob)
room=$(quick "select group_of($alice, array[$bob])")
message=$(quick "select message->>'id' from message_send($room, $alice, 'hi', 'hi', null, null)")
session owner
session reader

ask owner "begin; select count(*) from member_remove($room, $alice, $bob)" >/dev/null
tell reader "select payload from conversation_read($room, $bob, $message)"
until_waits reader
ask owner "commit"
same "$(answer reader | grep -o not_a_member | head -n 1)" not_a_member "answer"
quick 'select whole()'
