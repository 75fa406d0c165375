# Sends in batches, receipts of both kinds, and members who come and go, all over the same few
# conversations: there is no deadlock, no mark goes back, and every counter is right
# at the end.
# SPDX-License-Identifier: MIT
source races/sessions.bash

quick "
	create table test.crowd as select row_number() over (order by id) as n, id from (select person('crowd' || n || '-' || floor(random() * 1e12)) as id from generate_series(1, 12) n) p;
	create table test.rooms as
		select row_number() over (order by id) as n, id
		from (select group_of((select id from crowd where n = 1), (select array_agg(id) from crowd)) as id from generate_series(1, 4)) r;
	create function test.never_back() returns trigger language plpgsql as \$\$
	begin
		if new.joined_id = old.joined_id and (new.delivered_id < old.delivered_id or new.read_id < old.read_id or new.read_ordinal < old.read_ordinal) then
			raise exception 'a mark went back: % to %', old, new;
		end if;
		return new;
	end
	\$\$;
	create trigger never_back before update on members for each row execute function test.never_back()"

# as the api does: several sends in one call, as they come
cat >"$sessions/send.sql" <<SQL
select count(*)
from (
	select array_agg(s.room) as rooms, array_agg(s.sender) as senders, array_agg(gen_random_uuid()::text) as client_ids, array_agg('hi'::text) as texts,
		array_agg(null::jsonb) as data, array_agg(null::bigint) as replies
	from (select r.id as room, c.id as sender from rooms r, crowd c where random() < 0.2 order by random()) s
) b
cross join lateral messages_send(b.rooms, b.senders, b.client_ids, b.texts, b.data, b.replies, (random() * 2)::integer * 10);
SQL
cat >"$sessions/update.sql" <<SQL
\set n random(1, 12)
select receipts_update(
	(select id from crowd where n = :n),
	(select array_agg(id order by random()) from rooms),
	(select array_agg(last_id) from conversations c join rooms r using (id)),
	(select array_agg(last_id - (random() * 1e9)::bigint) from conversations c join rooms r using (id))
);
SQL
cat >"$sessions/deliver.sql" <<SQL
select receipts_deliver(
	(select array_agg(id order by random()) from crowd),
	(select array_agg((select max(last_id) from conversations) - (random() * 1e11)::bigint) from crowd),
	(select array_agg(c.id) from crowd c, rooms r),
	(select array_agg(r.id) from crowd c, rooms r),
	(select array_agg(v.last_id) from crowd c, rooms r join conversations v using (id))
);
SQL
cat >"$sessions/move.sql" <<SQL
\set n random(1, 4)
\set m random(2, 12)
select member_remove(r.id, o.id, c.id)
from rooms r, crowd o, crowd c join members m on m.user_id = c.id
where r.n = :n and o.n = 1 and c.n = :m and m.conversation_id = r.id and pg_try_advisory_xact_lock(:n, :m);
select member_add(r.id, o.id, (select array_agg(id order by random()) from crowd)) from rooms r, crowd o where r.n = :n and o.n = 1;
select conversation_update(r.id, o.id, 'renamed') from rooms r, crowd o where r.n = :n and o.n = 1;
SQL
before=$(quick "select deadlocks from pg_stat_database where datname = current_database()")
bench "$sessions/send.sql" 4 40 &
sends=$!
bench "$sessions/update.sql" 3 50 &
updates=$!
bench "$sessions/move.sql" 1 40 &
moves=$!
bench "$sessions/deliver.sql" 4 40
wait $sends && wait $updates && wait $moves
quick "select pg_stat_force_next_flush()" >/dev/null
same "$(quick "select deadlocks from pg_stat_database where datname = current_database()")" "$before" "deadlocks"
quick "drop trigger never_back on members; drop function test.never_back; drop table test.crowd, test.rooms"
quick 'select whole()'
