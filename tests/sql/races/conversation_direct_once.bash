# Two people who open their direct conversation at the same moment have the same one; if the first
# one fails, the second makes it.
# SPDX-License-Identifier: MIT
source races/sessions.bash

open="select created, (payload::json ->> 'id')::bigint from conversation_direct"
session first
session second

alice=$(person alice) bob=$(person bob)
made=$(ask first "begin; $open($alice, $bob) where channel is null")
tell second "$open($bob, $alice) where channel is null"
until_waits second
ask first "commit"
same "$(answer second)" "${made/t|/f|}" "the same"

alice=$(person alice) bob=$(person bob)
ask first "begin; $open($alice, $bob) where channel is null" >/dev/null
tell second "$open($bob, $alice) where channel is null"
until_waits second
ask first "rollback"
same "$(answer second | cut -d'|' -f1)" "t" "made by the second"
same "$(quick "select count(*) from members where user_id in ($alice, $bob)")" 2 "members"
quick 'select whole()'
