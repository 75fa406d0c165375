# The same person added by two admins at the same moment joins once; who leaves while they are
# removed, leaves once.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice) bob=$(person bob) carol=$(person carol)
room=$(quick "select group_of($alice, array[$bob])")
quick "select member_role($room, $alice, $bob, 'admin')" >/dev/null
session first
session second

ask first "begin; select member_add($room, $alice, array[$carol])" >/dev/null
tell second "select payload from member_add($room, $bob, array[$carol])"
until_waits second
ask first "commit"
same "$(answer second)" '{"members":[]}' "the second one adds nobody"

ask first "begin; select member_remove($room, $alice, $carol)" >/dev/null
tell second "select member_remove($room, $carol, $carol)"
until_waits second
ask first "commit"
same "$(answer second | grep -c 'ERROR:  not_a_member')" 1 "and leaves nothing twice"
quick 'select whole()'
