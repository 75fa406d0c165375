# P2: many senders at once, one by one and in batches: seq has no hole, and the order of ids is the
# order of seq.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice) bob=$(person bob)
rooms=()
for _ in 1 2 3 4; do rooms+=("$(quick "select group_of($alice, array[$bob])")"); done
mapfile -t rooms < <(printf '%s\n' "${rooms[@]}" | sort -n)

cat >"$sessions/one.sql" <<SQL
select send(${rooms[0]}, case when random() < 0.5 then $alice else $bob end);
SQL
cat >"$sessions/batch.sql" <<SQL
begin;
select send(${rooms[0]}, $alice);
select send(${rooms[0]}, $bob);
select send(${rooms[1]}, $bob);
select send(${rooms[2]}, $alice);
select send(${rooms[3]}, $bob);
end;
SQL
bench "$sessions/one.sql" 12 60 &
bench "$sessions/batch.sql" 6 30
wait $!
same "$(quick "select message_count from conversations where id = ${rooms[0]}")" $((12 * 60 + 6 * 30 * 2)) "messages"
quick 'select whole()'
