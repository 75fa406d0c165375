# P4: the same client_id twenty times at once, and twice within one transaction, is one message.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice)
room=$(quick "select group_of($alice)")
quick "create table test.said (status text, id text)"

cat >"$sessions/send.sql" <<SQL
begin;
insert into said select status, message ->> 'id' from message_send($room, $alice, 'the one', 'hi', null, null);
insert into said select status, message ->> 'id' from message_send($room, $alice, 'the one', 'hi', null, null);
end;
SQL
# all of them wait before the first may continue
session gate
ask gate "begin; select conversation_lock($room)" >/dev/null
bench "$sessions/send.sql" 20 1 &
until_true "(select count(*) >= 20 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
ask gate "commit" >/dev/null
wait $!

same "$(quick "select string_agg(status || ' ' || n, ', ' order by status) from (select status, count(*) n from said group by 1) s")" \
	"created 1, repeated 39" "answers"
same "$(quick "select count(distinct id) from said")" 1 "one message"
quick "drop table test.said"
quick 'select whole()'
