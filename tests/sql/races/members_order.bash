# Marks are written while a group is handed over, its owner leaves, and it is deleted: all lock
# members in the order of user ids, so there is no deadlock.
# SPDX-License-Identifier: MIT
source races/sessions.bash

session holder
session marks
session owner

# Both want the rows of alice and bob. holder keeps alice's until marks waits for it, and then the
# owner's call; marks is first in the queue.
# A call that had locked bob's row before alice's would be in the way of marks now.
for call in "member_role(room, alice, bob, 'owner')" "member_remove(room, alice, alice)" "conversation_delete(room, alice)"; do
	alice=$(person alice)
	bob=$(person bob)
	room=$(quick "select group_of($alice, array[$bob])")
	quick "select send($room, $alice), send($room, $bob)" >/dev/null
	quick "update members set delivered_id = 0, read_id = 0 where conversation_id = $room"
	call=${call/room/$room} call=${call//alice/$alice} call=${call/bob/$bob}
	ask holder "begin; select from members where conversation_id = $room and user_id = $alice for update" >/dev/null
	tell marks "select count(*) from receipts_deliver(array[$alice, $bob], array[9000000000000000000, 9000000000000000000], null, null, null, null)"
	until_waits marks
	tell owner "select count(*) >= 0 from $call"
	until_waits owner
	ask holder "commit" >/dev/null
	same "$(answer owner)" t "$call"
	same "$(answer marks)" 2 "marks beside $call"
done
quick 'select whole()'
