# P3: a reader that resumes again and again with its cursor, while writers stall and commit in
# any order, gets each event once and in order.
# The cursor is used as the streams use it: the horizon is read first, then the missed events, then
# the horizon becomes the base.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice) bob=$(person bob) carol=$(person carol)
quick "
	create table test.rooms as select n, group_of($alice, array[$bob]) as id from generate_series(1, 8) n;
	create table test.got (n serial, conversation_id bigint, seq bigint, id bigint, primary key (conversation_id, seq));
	create table test.stop ();
	create procedure test.follow(in_user bigint)
	language plpgsql
	as \$\$
	declare
		v_base bigint := 0;
		v_next bigint;
		v_last boolean;
		v_deadline timestamptz := clock_timestamp() + interval '2 minutes';
	begin
		loop
			assert clock_timestamp() < v_deadline, 'never told to stop';
			v_last := to_regclass('test.stop') is null;
			v_next := stream_horizon();
			commit;
			insert into got (conversation_id, seq, id)
			select e.conversation_id, e.seq, e.id
			from sync_events(
				in_user,
				v_base,
				(select array_agg(g.conversation_id) from (select conversation_id from got group by 1) g),
				(select array_agg(g.id) from (select max(id) as id from got group by conversation_id) g),
				50
			) e
			order by e.id;
			if not found then
				v_base := v_next;
				exit when v_last;
			end if;
			commit;
		end loop;
	end
	\$\$"

cat >"$sessions/write.sql" <<SQL
\set n random(1, 8)
\set stall random(1, 100)
begin;
select send((select id from rooms where n = :n), $alice);
select pg_sleep(case when :stall <= 5 then 0.2 else 0 end);
end;
SQL
cat >"$sessions/move.sql" <<SQL
\set n random(1, 8)
begin;
select member_remove(id, $alice, m.user_id) from rooms, members m where n = :n and m.conversation_id = id and m.user_id = $carol;
end;
begin;
select member_add(id, $alice, array[$carol]) from rooms where n = :n;
end;
SQL
session reader
tell reader "call follow($bob)"
bench "$sessions/move.sql" 1 60 &
bench "$sessions/write.sql" 10 60
wait $!
quick "drop table test.stop"
answer reader

same "$(quick "
	select count(*)
	from (select conversation_id, seq from messages union all select conversation_id, seq from changes) e
	full join got g using (conversation_id, seq)
	where conversation_id in (select id from rooms) and (g.seq is null or e.seq is null)")" 0 "events that are missing or made up"
same "$(quick "select count(*) from (select seq - lag(seq, 1, 0::bigint) over (partition by conversation_id order by n) as step from got) s where step <> 1")" 0 "out of order"
# carol came and went: at the end she can still read all of her times, and they never overlap
same "$(quick "
	with mine as (
		select conversation_id, joined_seq, last_seq as left_seq from members join conversations c on c.id = conversation_id where user_id = $carol
		union all
		select conversation_id, joined_seq, left_seq from former_members where user_id = $carol
	)
	select (select sum(left_seq - joined_seq + 1) from mine) = (select count(distinct (conversation_id, seq)) from sync_events($carol, 0, null, null, 100000))")" t "carol's times"
quick "drop table test.got, test.rooms; drop procedure test.follow"
quick 'select whole()'
