-- Helpers of the tests of this folder: users, conversations, messages, and expectations.
-- SPDX-License-Identifier: MIT

drop schema if exists test cascade;
create schema test;

-- Fails unless both are the same.
create function test.same(in_got anyelement, in_wanted anyelement, in_what text)
returns void
language plpgsql
as $$
begin
	if in_got is distinct from in_wanted then
		raise exception '%: got %, wanted %', in_what, coalesce(in_got::text, 'null'), coalesce(in_wanted::text, 'null');
	end if;
end
$$;

-- Fails unless a statement is refused with this code (of fail()), or with this SQLSTATE.
create function test.refused(in_statement text, in_code text)
returns void
language plpgsql
as $$
begin
	begin
		execute in_statement;
	exception when others then
		if in_code in (sqlstate, sqlerrm) and (sqlstate = 'BN000') = (in_code = sqlerrm) then
			return;
		end if;
		raise exception '%: got % (%), wanted %', in_statement, sqlerrm, sqlstate, in_code;
	end;
	raise exception '%: was not refused with %', in_statement, in_code;
end
$$;

create function test.person(in_name text)
returns bigint
language sql
as $$
	select user_id from banter.user_register(in_name, null, 'hash')
$$;

-- A token or ticket hash made of one number.
create function test.hash(in_number integer)
returns bytea
language sql
as $$
	select sha256(in_number::text::bytea)
$$;

create function test.direct(in_user bigint, in_other bigint)
returns bigint
language sql
as $$
	select (payload::json ->> 'id')::bigint from banter.conversation_direct(in_user, in_other) where channel is null
$$;

create function test.group_of(in_owner bigint, in_members bigint[] default '{}', in_history text default 'full')
returns bigint
language sql
as $$
	select (payload::json ->> 'id')::bigint from banter.conversation_group(in_owner, 'a group', in_members, in_history) where channel is null
$$;

-- Sends, and gives the id of the message.
create function test.send(in_conversation bigint, in_sender bigint, in_text text default 'hi')
returns bigint
language plpgsql
as $$
declare
	v_sent record;
begin
	select s.status, s.message into v_sent
	from banter.message_send(in_conversation, in_sender, gen_random_uuid()::text, in_text, null, null) s;
	perform test.same(v_sent.status, 'created', 'send ' || in_text);
	return v_sent.message ->> 'id';
end
$$;

-- Returns the body of a call and its notifications, each as "channel payload", in order. The body
-- stands first and alone.
create function test.notifications(in_statement text)
returns text[]
language plpgsql
as $$
declare
	v_notifications text[];
begin
	execute 'select array_agg(coalesce(r.channel || '' '', '''') || r.payload) from ' || in_statement || ' r' into v_notifications;
	return v_notifications;
end
$$;

create function test.body(in_statement text)
returns json
language sql
as $$
	select (test.notifications(in_statement))[1]::json
$$;

-- The events that a user's cursor does not cover, in short: "seq type", one conversation or all.
create function test.missed(
	in_user bigint,
	in_base bigint,
	in_conversation bigint default null,
	in_id bigint default null,
	in_limit integer default 100
)
returns text
language sql
as $$
	select string_agg(concat(e.seq, ' ', e.event::json ->> 'type'), ', ')
	from banter.sync_events(in_user, in_base, array[in_conversation], array[in_id], in_limit) e
	where in_conversation is null or e.conversation_id = in_conversation
$$;

create function test.marks(in_conversation bigint, in_user bigint, out delivered bigint, out read bigint, out unread bigint)
language sql
as $$
	select m.delivered_id, m.read_id, c.message_count - m.read_ordinal
	from banter.members m
	join banter.conversations c on c.id = m.conversation_id
	where m.conversation_id = in_conversation
		and m.user_id = in_user
$$;

create function test.last_id(in_conversation bigint)
returns bigint
language sql
as $$
	select last_id from banter.conversations where id = in_conversation
$$;

-- Checks the invariants of all rows: fails with the first broken one.
create function test.whole()
returns void
language plpgsql
as $$
declare
	v_wrong text;
begin
	select format('member %s of %s: read %s, delivered %s, last %s', m.user_id, c.id, m.read_id, m.delivered_id, c.last_id)
	into v_wrong
	from banter.members m
	join banter.conversations c on c.id = m.conversation_id
	where not (0 <= m.read_id and m.read_id <= m.delivered_id and m.delivered_id <= c.last_id and m.read_ordinal between 0 and c.message_count)
	limit 1;
	perform test.same(v_wrong, null, 'watermarks');

	select format('member %s of %s', m.user_id, m.conversation_id)
	into v_wrong
	from banter.members m
	join banter.conversations c on c.id = m.conversation_id
	where m.left_id is not null
		or c.deleted_id is not null
	limit 1;
	perform test.same(v_wrong, null, 'members are live');

	select format('%s of %s', f.user_id, f.conversation_id)
	into v_wrong
	from banter.former_members f
	where not (f.joined_id < f.left_id and 0 <= f.delivered_id and f.delivered_id <= f.left_id)
		or exists (
			select
			from banter.members m
			where m.conversation_id = f.conversation_id
				and m.user_id = f.user_id
				and m.joined_id < f.left_id
		)
	limit 1;
	perform test.same(v_wrong, null, 'ended memberships');

	with events as (
		select m.conversation_id, m.id, m.seq, m.ordinal from banter.messages m
		union all
		select g.conversation_id, g.id, g.seq, null from banter.changes g
	),
	placed as (
		select e.conversation_id, e.id, e.seq, e.ordinal,
			row_number() over (partition by e.conversation_id order by e.id) as place,
			count(e.ordinal) over (partition by e.conversation_id order by e.id) as messages
		from events e
	)
	select format('event %s of %s: seq %s at place %s', p.id, p.conversation_id, p.seq, p.place)
	into v_wrong
	from placed p
	where p.seq <> p.place
		or p.ordinal <> p.messages
	limit 1;
	perform test.same(v_wrong, null, 'dense seq in the order of ids');

	select format('key of message %s', m.id)
	into v_wrong
	from banter.messages m
	where not exists (
		select
		from banter.message_keys k
		where k.conversation_id = m.conversation_id
			and k.sender_id = m.sender_id
			and k.client_hash = banter.client_hash(m.client_id)
			and k.message_id = m.id
	)
	limit 1;
	perform test.same(v_wrong, null, 'keys of messages');

	select format('conversation %s', c.id)
	into v_wrong
	from banter.conversations c
	where (c.last_seq, c.last_id, c.message_count, c.last_message_id, c.member_count) is distinct from (
		(select count(*) from banter.messages m where m.conversation_id = c.id) + (select count(*) from banter.changes g where g.conversation_id = c.id),
		greatest(
			(select max(m.id) from banter.messages m where m.conversation_id = c.id),
			(select max(g.id) from banter.changes g where g.conversation_id = c.id)
		),
		(select count(*) from banter.messages m where m.conversation_id = c.id),
		coalesce((select max(m.id) from banter.messages m where m.conversation_id = c.id), 0),
		(select count(*) from banter.members m where m.conversation_id = c.id)
	)
	limit 1;
	perform test.same(v_wrong, null, 'counters of the conversation');
end
$$;
