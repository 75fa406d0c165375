# P3 (a): two transactions that commit in the other order than their ids: the horizon waits, and who
# resumes between them misses nothing.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice) bob=$(person bob)
room=$(quick "select group_of($alice, array[$bob])")
hall=$(quick "select group_of($alice, array[$bob])")
session slow
session other

# the events that are delivered up to here
begun=$(quick "select stream_horizon()")
early=$(ask slow "begin; select send($room, $alice)")
late=$(quick "select send($hall, $alice)")
same "$((early < late))" 1 "the slow one has the smaller id"

base=$(quick "select stream_horizon()")
same "$((base <= early))" 1 "the horizon waits for it"
same "$(quick "select missed($bob, $begun)")" "2 message.created" "a client gets the late one"
# the client resumes with the horizon as its base, and the received event as an exception
ask slow "commit"
same "$(quick "select missed($bob, $base, $hall, $late)")" "" "the hall is covered"
same "$(quick "select missed($bob, $base, $room, 1)")" "2 message.created" "and the early one is not missed"
same "$(quick "select stream_horizon() > $late")" t "now it goes on"

# a writer that has read the floor and waits for the row counts too: it has a transaction id
ask other "begin; select conversation_lock($room)" >/dev/null
tell slow "select send($room, $alice)"
until_waits slow
base=$(quick "select stream_horizon()")
ask other "commit"
early=$(answer slow)
same "$((base <= early))" 1 "the horizon waits for who waits"

# an open transaction that has written nothing does not hold it
ask slow "begin; select 1" >/dev/null
base=$(quick "select stream_horizon()")
same "$((base > early))" 1 "a reader does not hold it"
same "$(ask slow "select send($room, $alice) >= $base")" t "and stays above it when it writes after all"
ask slow "commit"

# a concurrent call does not wait
ask slow "begin; select stream_horizon()" >/dev/null
same "$(ask other "select stream_horizon() >= $base")" t "the second one gets what there is"
# but its commit waits for a synchronous standby, which may not know yet what the first one reached
ask other "begin; select stream_horizon()" >/dev/null
same "$(ask other "select pg_current_xact_id_if_assigned() is not null")" t "the second one has a transaction id"
ask other "commit"
ask slow "commit"

# a foreign transaction does not hold it, whatever it writes
ask slow "begin; create table test.foreign_writer (n integer); select pg_current_xact_id()" >/dev/null
before=$(quick "select stream_horizon()")
same "$(quick "select stream_horizon() > $before")" t "a foreign writer does not hold it"
same "$(quick "select count(*) from horizon_holders()")" 0 "and is not named"
ask slow "rollback"

# track_activities makes no difference, and an event's transaction is named
ask slow "set track_activities = off"
early=$(ask slow "begin; select send($room, $alice)")
base=$(quick "select stream_horizon()")
same "$((base <= early))" 1 "held without track_activities"
same "$(quick "select count(*) from horizon_holders() where since <= id_time($early)")" 1 "named"
ask slow "commit"

# a prepared transaction holds it as well
early=$(ask slow "begin; select send($room, $alice); prepare transaction 'late'" | head -n 1)
base=$(quick "select stream_horizon()")
same "$((base <= early))" 1 "a prepared transaction holds it"
same "$(quick "select count(*) from horizon_holders() where pid is null")" 1 "and is named"
quick "commit prepared 'late'"
same "$(quick "select stream_horizon() > $early")" t "until it has ended"
