# Functions are replaced while programs call them: no call fails.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice)
room=$(quick "select group_of($alice)")
cat >"$sessions/send.sql" <<SQL
\set n random(1, 9000000000000000)
select status, message, event from message_send($room, $alice, 'c' || :n, 'hi', null, null);
select message_list($room, $alice, null, null, null, 10);
SQL
# the functions before differ everywhere, and have a function and a default that were removed
age="
	do \$\$
	declare
		v_function text;
	begin
		for v_function in
			select replace(pg_get_functiondef(p.oid), 'AS \$function\$', 'AS \$function\$ ') from pg_proc p where p.pronamespace = 'banter'::regnamespace
		loop
			execute v_function;
		end loop;
		execute replace(pg_get_functiondef('banter.device_list(bigint,bigint)'::regprocedure), 'bigint)', 'bigint default 0)');
		create function banter.forgotten() returns integer language sql as 'select 1';
	end
	\$\$"
aged="(select count(*) from pg_proc where pronamespace = 'banter'::regnamespace and (proname = 'forgotten' or prosrc like ' %'))"

bench "$sessions/send.sql" 4 150 &
for _ in 1 2 3; do
	quick "$age"
	same "$(quick "select $aged > 70")" t "old ones"
	psql -qX -f ../../sql/load.sql
	same "$(quick "select $aged")" 0 "old ones that are left"
	same "$(quick "select pronargdefaults from pg_proc where oid = 'banter.device_list(bigint,bigint)'::regprocedure")" 0 "old defaults"
done
wait $!
quick 'select whole()'
