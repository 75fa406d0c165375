-- Brings a database to this version of Banter: psql -v ON_ERROR_STOP=1 -f sql/load.sql
-- SPDX-License-Identifier: MIT
--
-- Creates the schema, applies the migrations that are missing, and brings every function up to date. One transaction: running programs see the old
-- rules or the new ones, never a gap, and a failure leaves all as it was. It may be repeated, and two at once wait for each other.
-- The list of functions below is the table of contents of the rules.

\set ON_ERROR_STOP on
\set QUIET on

begin;
set local client_min_messages = warning;
select pg_advisory_xact_lock(hashtext('banter load')) \g /dev/null

create schema if not exists banter;
set local search_path = banter;

-- Migrations, in order.

create table if not exists schema_migrations (
	version    integer primary key,
	applied_at timestamptz not null default now()
);

select not exists (select from schema_migrations where version = 1) as missing \gset
\if :missing
	\ir migrations/0001_tables.sql
	insert into schema_migrations (version) values (1);
\endif

-- Functions: all are read into a schema beside, then what differs is replaced in place and what is no more is dropped. So whoever is just running an old one
-- ends it undisturbed, and prepared statements find the new one.

create schema banter_next;
set local search_path = banter_next, banter;

-- words that all the others use
\ir functions/fail.sql
\ir functions/schema_version.sql
\ir functions/group_limit.sql
\ir functions/names_limit.sql
\ir functions/time_json.sql
\ir functions/id_at.sql
\ir functions/id_time.sql
\ir functions/id_new.sql

-- events: how they are numbered, written down and announced
\ir functions/event_clock.sql
\ir functions/event_json.sql
\ir functions/event_ring.sql
\ir functions/conversation_lock.sql
\ir functions/conversation_advance.sql
\ir functions/change_gone.sql
\ir functions/change_append.sql

-- users
\ir functions/user_json.sql
\ir functions/user_require.sql
\ir functions/user_register.sql
\ir functions/user_credentials.sql
\ir functions/user_get.sql
\ir functions/user_update.sql
\ir functions/user_find.sql

-- devices
\ir functions/device_end.sql
\ir functions/device_create.sql
\ir functions/device_refresh.sql
\ir functions/device_list.sql
\ir functions/device_revoke.sql
\ir functions/devices_revoked.sql
\ir functions/ticket_create.sql

-- receipts
\ir functions/receipts_json.sql
\ir functions/receipts_counts.sql
\ir functions/read_json.sql
\ir functions/receipt_ring.sql
\ir functions/receipt_move.sql
\ir functions/receipts_update.sql
\ir functions/receipts_deliver.sql

-- messages
\ir functions/data_size.sql
\ir functions/message_json.sql
\ir functions/message_names.sql
\ir functions/message_repeated.sql
\ir functions/mentions_add.sql
\ir functions/messages_send.sql
\ir functions/message_send.sql
\ir functions/message_list.sql
\ir functions/message_get.sql
\ir functions/message_receipts.sql

-- members
\ir functions/member_json.sql
\ir functions/member_require.sql
\ir functions/member_list.sql
\ir functions/member_join.sql
\ir functions/member_add.sql
\ir functions/member_set_role.sql
\ir functions/member_remove.sql
\ir functions/member_role.sql

-- conversations
\ir functions/conversation_fields.sql
\ir functions/conversation_json.sql
\ir functions/conversation_past_json.sql
\ir functions/conversation_create.sql
\ir functions/title_require.sql
\ir functions/conversation_direct.sql
\ir functions/conversation_group.sql
\ir functions/conversation_list.sql
\ir functions/conversation_get.sql
\ir functions/conversation_update.sql
\ir functions/conversation_delete.sql
\ir functions/conversation_read.sql

-- streams
\ir functions/stream_horizon.sql
\ir functions/stream_auth.sql
\ir functions/sync_range.sql
\ir functions/sync_reset.sql
\ir functions/streams_open.sql
\ir functions/sync_events.sql
\ir functions/sync_snapshot.sql
\ir functions/events_range.sql
\ir functions/sweep_heads.sql
\ir functions/sweep_members.sql

-- presence and typing
\ir functions/presence_allowed.sql
\ir functions/presence_seen.sql
\ir functions/presence_last_seen.sql
\ir functions/typing_check.sql

do $$
declare
	v_old regprocedure;
	v_new text;
begin
	for v_old in
		select o.oid
		from pg_proc o
		where o.pronamespace = 'banter'::regnamespace
			and not exists (
				select
				from pg_proc n
				where n.pronamespace = 'banter_next'::regnamespace
					and n.proname = o.proname
					and n.proargtypes = o.proargtypes
					and n.prorettype = o.prorettype
					and n.proretset = o.proretset
					and n.proallargtypes is not distinct from o.proallargtypes
					and n.proargnames is not distinct from o.proargnames
			)
	loop
		execute 'drop routine ' || v_old;
	end loop;

	for v_new in
		select regexp_replace(pg_get_functiondef(n.oid), 'banter_next\.', 'banter.')
		from pg_proc n
		where n.pronamespace = 'banter_next'::regnamespace
			and not exists (
				select
				from pg_proc o
				where o.pronamespace = 'banter'::regnamespace
					and o.proname = n.proname
					and pg_get_functiondef(o.oid) = regexp_replace(pg_get_functiondef(n.oid), 'banter_next\.', 'banter.')
			)
	loop
		execute v_new;
	end loop;
end
$$;

drop schema banter_next cascade;

commit;
