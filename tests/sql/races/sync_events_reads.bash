# P3: a place of reading. A page was read while a transaction with smaller ids was open: what that
# commits later is found, and nothing else comes again.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice) bob=$(person bob)
room=$(quick "select group_of($alice, array[$bob])")
hall=$(quick "select group_of($alice, array[$bob])")
base=$(quick "select stream_horizon()")
session slow

# in a savepoint: its rows have a transaction id of their own, but are written down with the outer
# one
ask slow "begin; savepoint s; select send($room, $alice); release savepoint s" >/dev/null
late=$(quick "select send($hall, $alice)")
missed() { quick "select string_agg(concat(e.conversation_id, ' ', e.seq), ', ') from sync_events($bob, $base, null, null, array[$1], array[$2], array['$3'], null, null, null, 100, 1048576) e"; }
snapshot=$(quick "select max(snapshot) from sync_events($bob, $base, null, null, null, null, null, null, null, null, 100, 1048576)")
same "$(missed "$late" $((hall + 1)) "$snapshot")" "" "all that the page saw is covered"
same "$(missed "$late" "$hall" "$snapshot")" "$hall 2" "the place itself is not"
ask slow "commit"
same "$(missed "$late" $((hall + 1)) "$snapshot")" "$room 2" "what has committed since is found, alone"
quick "update messages set xact = null where conversation_id in ($room, $hall)"
same "$(missed "$late" $((hall + 1)) "$snapshot")" "" "rows of version 1 were there before"
