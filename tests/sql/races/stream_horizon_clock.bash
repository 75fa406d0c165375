# P3: the clock is set back by an hour while somebody writes: no later event gets below a horizon
# that was returned.
# The floor far ahead of the clock is what a clock that was set back looks like.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice) bob=$(person bob)
room=$(quick "select group_of($alice, array[$bob])")
floor=$(quick "select last_value from clock_floor") reached=$(quick "select last_value from horizon_reached")
session slow

before=$(ask slow "begin; select send($room, $alice)")
quick "select setval('clock_floor', id_at(clock_timestamp() + interval '1 hour'))" >/dev/null
held=$(quick "select stream_horizon()")
same "$((held <= before))" 1 "held by the writer, whatever the floor"
ask slow "commit"
ahead=$(quick "select stream_horizon()")
same "$((ahead > before))" 1 "then up to the floor"
same "$(quick "select send($room, $alice) >= $ahead")" t "and no event is below it"
same "$(ask slow "begin; select send($room, $alice) >= $ahead")" t "not in a transaction either"
same "$(quick "select stream_horizon() >= $ahead")" t "which does not move it back"
ask slow "commit"
same "$(quick "select missed($bob, $ahead)")" "3 message.created, 4 message.created" "all that came later is found"

quick "select setval('clock_floor', $floor), setval('horizon_reached', $reached)" >/dev/null
quick 'select whole()'
