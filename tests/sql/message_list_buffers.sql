-- A page of history reads as many buffers in a long conversation as in a short one, whatever the
-- statistics say.
-- SPDX-License-Identifier: MIT

-- The buffers that a statement touches, the least of five executions: the first one also reads the
-- catalogue, and so does one after the work of an autovacuum.
create function pg_temp.buffers(in_statement text)
returns integer
language plpgsql
as $$
declare
	v_plan json;
	v_buffers integer;
begin
	for i in 1..5 loop
		execute 'explain (analyze, buffers, timing off, format json) ' || in_statement into v_plan;
		v_buffers := least(
			v_buffers,
			(v_plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::integer + (v_plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::integer
		);
	end loop;
	return v_buffers;
end
$$;

-- A group of in_members with in_messages, one a millisecond from the id in_first on. Each member
-- has other marks, and their rows lie in no order.
create function pg_temp.history(in_group bigint, in_members integer, in_messages integer, in_first bigint)
returns void
language sql
as $$
	insert into conversations (id, created_by, kind, history, title, member_count, last_seq, last_id, last_message_id, message_count)
	values (
		in_group, 1000000001, 'group', 'full', 'History', in_members, in_messages,
		in_first + in_messages * 4194304::bigint, in_first + in_messages * 4194304::bigint, in_messages
	);
	insert into members (conversation_id, user_id, joined_id, joined_seq, role, delivered_id, read_id, read_ordinal)
	select in_group, 1000000000 + n, in_first, 1, 'member',
		in_first + (in_messages - n % 37) * 4194304::bigint, in_first + (in_messages - n % 37 - n % 50) * 4194304::bigint, 0
	from generate_series(1, in_members) n
	order by hashint4(n);
	insert into messages (conversation_id, id, seq, ordinal, sender_id, client_id, text)
	select in_group, in_first + n * 4194304::bigint, n, n, 1000000001 + n % 2, n::text, repeat('history ', 15)
	from generate_series(1, in_messages) n
$$;

do $$
declare
	v_first bigint := 250000000000000000;
	v_place bigint;
	v_buffers integer;
begin
	insert into users (id, name, display_name)
	select 1000000000 + n, 'history' || n, 'H' from generate_series(1, 2000) n;
	perform pg_temp.history(11, 100, 40000, v_first), pg_temp.history(12, 100, 500, v_first), pg_temp.history(13, 2000, 500, v_first);
	perform pg_temp.history(n, 10, 20, v_first) from generate_series(100, 300) n;

	for i in 1..2 loop
		foreach v_place in array array[500, 20000, 40000] loop
			v_buffers := pg_temp.buffers(format(
				'select message_list(11, 1000000001, %s, null, null, 50)', v_first + v_place * 4194304
			));
			perform same(v_buffers <= 160, true, format('a page before %s reads %s buffers, at most 160', v_place, v_buffers));
			v_buffers := pg_temp.buffers(format(
				'select message_list(11, 1000000001, null, null, %s, 50)', v_first + v_place * 4194304
			));
			perform same(v_buffers <= 160, true, format('a page around %s reads %s buffers, at most 160', v_place, v_buffers));
		end loop;
		v_buffers := pg_temp.buffers('select message_list(12, 1000000001, null, null, null, 50)');
		perform same(v_buffers <= 160, true, format('a page of a short conversation reads %s buffers, at most 160', v_buffers));
		v_buffers := pg_temp.buffers(format(
			'select count(*) from receipts_counts(13, array(select %s + n * 4194304::bigint from generate_series(400, 450) n))', v_first
		));
		perform same(v_buffers <= 400, true, format('receipts of a large group read %s buffers, at most 400', v_buffers));
		analyze messages, members, conversations;
	end loop;
end
$$;
