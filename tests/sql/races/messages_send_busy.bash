# P1, P2: a conversation that another transaction holds, or a sender's row of members, stops its own
# messages only. They are busy, in both ways of waiting.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice) bob=$(person bob)
room=$(quick "select group_of($alice, array[$bob])") other=$(quick "select group_of($alice, array[$bob])")
session holder
session sender

# batch NUMBER WAIT_MS: a message of alice and two of bob to the room, and one of alice elsewhere;
# prints their statuses.
batch() {
	printf '%s' "select string_agg(s.status, ' ' order by n) from messages_send(array[$room, $room, $room, $other], array[$alice, $bob, $bob, $alice],
		array['$1a', '$1b', '$1c', '$1d'], array['1', '2', '3', '4'], array[null, null, null, null]::jsonb[], array[null, null, null, null]::bigint[], $2)
		with ordinality s (status, message, event, n)"
}

# A transaction that holds the conversation's row makes all of its messages busy.
ask holder "begin; select from conversations where id = $room for no key update" >/dev/null
same "$(quick "$(batch 1 0)")" "busy busy busy created" "not waiting, the conversation held"
same "$(quick "$(batch 2 50)")" "busy busy busy created" "waiting in vain"
tell sender "$(batch 3 30000)"
until_waits sender
ask holder "commit" >/dev/null
same "$(answer sender)" "created created created created" "waiting until it is free"

# A transaction that holds a member's row makes this sender's messages busy.
ask holder "begin; select from members where conversation_id = $room and user_id = $bob for update" >/dev/null
same "$(quick "$(batch 4 0)")" "created busy busy created" "not waiting, a sender held"
same "$(quick "$(batch 5 50)")" "created busy busy created" "waiting in vain for a sender"
tell sender "$(batch 6 30000)"
until_waits sender
ask holder "rollback" >/dev/null
same "$(answer sender)" "created created created created" "waiting until the sender is free"

# A message that may not be sent is not busy: nothing is to be waited for. The lock's end changes
# what may be sent.
eve=$(person eve)
ask holder "begin; select member_remove($room, $alice, $bob)" >/dev/null
send() {
	printf '%s' "select s.status from messages_send(array[$room], array[$2], array['$1'], array['hi'], array[null]::jsonb[], array[null]::bigint[], $3) s"
}
same "$(quick "$(send 7 "$eve" 0)")" "not_a_member" "a stranger"
same "$(quick "$(send 7 "$bob" 0)")" "busy" "who is being removed"
ask holder "commit" >/dev/null
same "$(quick "$(send 7 "$bob" 0)")" "not_a_member" "who was removed"

# The statement of version 1 waits for all of them.
ask holder "begin; select from members where conversation_id = $room and user_id = $alice for update" >/dev/null
tell sender "select status from messages_send(array[$other, $room], array[$alice, $alice], array['8', '8'], array['hi', 'hi'], array[null, null]::jsonb[], array[null, null]::bigint[])"
until_waits sender
ask holder "commit" >/dev/null
same "$(answer sender | tr '\n' ' ')" "created created " "as version 1 calls it"
same "$(quick "show lock_timeout")" 0 "the session's own timeout"
quick 'select whole()'
