-- Brings a database to this version of Banter: psql -v ON_ERROR_STOP=1 -f sql/load.sql
-- SPDX-License-Identifier: MIT
--
-- Creates the schema, applies the migrations that are missing, and brings every function up to
-- date. One transaction: running programs see the old rules or the new ones, never a gap, and a
-- failure leaves all as it was. It may be repeated, and two at once wait for each other.
-- The list of functions below is the table of contents of the rules. New indexes of old tables
-- follow after the transaction (indexes.sql).
--
-- Programs of the version before keep running on the new schema: a release expands, and the next
-- one contracts. So a migration adds and copies; it removes nothing that a program of the version
-- before uses. A signature that such a program calls stays in functions/former. A migration that
-- needs a strong lock waits for it two seconds at most, and no session waits behind it for longer.
-- Then the load fails and can be repeated. A new column has no domain type, because adding one
-- rewrites the table. Its check is added `not valid`, and validated in a statement of its own.

\set ON_ERROR_STOP on
\set QUIET on

begin;
set local client_min_messages = warning;
select pg_advisory_xact_lock(hashtext('banter load')) \g /dev/null
set local lock_timeout = '2s';

create schema if not exists banter;
set local search_path = banter;

-- A database that a later release has loaded is left alone: its rules serve the programs of this
-- release too (schema_range).
-- The schema banter_next is what load.sql of version 1 creates for itself. It stands there empty,
-- so that a host of version 1 cannot load the old rules again.
create schema if not exists banter_next;
comment on schema banter_next is 'empty; keeps load.sql of version 1 from replacing newer rules';

-- Migrations, in order.

create table if not exists schema_migrations (
	version    integer primary key,
	applied_at timestamptz not null default now()
);

select exists (select from schema_migrations where version > 2) as newer \gset
\if :newer
	rollback;
	\warn 'load.sql: the database is of a later version than this file; nothing was changed'
	\quit
\endif

select not exists (select from schema_migrations where version = 1) as missing \gset
\if :missing
	\ir migrations/0001_tables.sql
	insert into schema_migrations (version) values (1);
\endif

-- A version is one release. Its folder has a file for each thing that changes, in the order of this
-- list.
select not exists (select from schema_migrations where version = 2) as missing \gset
\if :missing
	\ir migrations/0002/autovacuum.sql
	\ir migrations/0002/members.sql
	\ir migrations/0002/devices.sql
	\ir migrations/0002/message_keys.sql
	\ir migrations/0002/signing_keys.sql
	\ir migrations/0002/cursor.sql
	\ir migrations/0002/messages.sql
	insert into schema_migrations (version) values (2);
\endif

-- Functions: all are read into a schema beside. Then those that differ are replaced in place, and
-- removed ones are dropped. So a running call of an old one ends undisturbed, and prepared
-- statements find the new one.

create schema banter_load;
set local search_path = banter_load, banter;

-- functions that all others use
\ir functions/fail.sql
\ir functions/schema_range.sql
\ir functions/group_limit.sql
\ir functions/conversations_limit.sql
\ir functions/page_bytes.sql
\ir functions/names_limit.sql
\ir functions/time_json.sql
\ir functions/label_require.sql
\ir functions/id_at.sql
\ir functions/id_time.sql
\ir functions/id_new.sql

-- events: how they are numbered, stored and published
\ir functions/clock_held.sql
\ir functions/clock_state.sql
\ir functions/clock_accept.sql
\ir functions/event_clock.sql
\ir functions/event_marks.sql
\ir functions/event_json.sql
\ir functions/event_notification.sql
\ir functions/conversation_lock.sql
\ir functions/conversation_advance.sql
\ir functions/change_removed_user.sql
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
\ir functions/devices_evict.sql
\ir functions/device_create.sql
\ir functions/device_of_token.sql
\ir functions/device_sign_in.sql
\ir functions/device_refresh.sql
\ir functions/device_known.sql
\ir functions/device_list.sql
\ir functions/device_revoke.sql
\ir functions/devices_revoked.sql
\ir functions/ticket_create.sql
\ir functions/signing_keys_join.sql

-- receipts
\ir functions/receipts_left.sql
\ir functions/receipts_json.sql
\ir functions/receipts_counts.sql
\ir functions/read_json.sql
\ir functions/receipt_notification.sql
\ir functions/receipt_move.sql
\ir functions/receipts_update.sql
\ir functions/receipts_deliver.sql

-- messages
\ir functions/data_size.sql
\ir functions/message_json.sql
\ir functions/message_names.sql
\ir functions/client_hash.sql
\ir functions/message_repeated.sql
\ir functions/mentions_limit.sql
\ir functions/mention_all_limit.sql
\ir functions/mentions_find.sql
\ir functions/mentions_add.sql
\ir functions/messages_wait.sql
\ir functions/messages_send.sql
\ir functions/message_send.sql
\ir functions/page_fit.sql
\ir functions/message_list.sql
\ir functions/message_get.sql
\ir functions/message_receipts.sql

-- members
\ir functions/member_json.sql
\ir functions/member_require.sql
\ir functions/group_require.sql
\ir functions/member_list.sql
\ir functions/member_join.sql
\ir functions/members_lock.sql
\ir functions/members_end.sql
\ir functions/member_add.sql
\ir functions/member_set_role.sql
\ir functions/member_remove.sql
\ir functions/member_role.sql

-- conversations
\ir functions/conversation_fields.sql
\ir functions/conversation_activity.sql
\ir functions/conversation_json.sql
\ir functions/conversation_past_json.sql
\ir functions/shard_direct.sql
\ir functions/conversation_id_new.sql
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
\ir functions/incarnation_id.sql
\ir functions/incarnation_check.sql
\ir functions/incarnation_renew.sql
\ir functions/clock_recover.sql
\ir functions/horizon_holders.sql
\ir functions/stream_horizon.sql
\ir functions/stream_state.sql
\ir functions/stream_auth.sql
\ir functions/sync_range.sql
\ir functions/sync_reset.sql
\ir functions/cursor_reset.sql
\ir functions/streams_open.sql
\ir functions/sync_conversation.sql
\ir functions/sync_by_id.sql
\ir functions/sync_by_conversation.sql
\ir functions/sync_fit.sql
\ir functions/sync_events.sql
\ir functions/sync_snapshot.sql
\ir functions/events_range.sql
\ir functions/sweep_heads.sql
\ir functions/sweep_members.sql
\ir functions/marks_clock.sql
\ir functions/marks_moved.sql
\ir functions/marks_read.sql

-- presence and typing
\ir functions/presence_allowed.sql
\ir functions/presence_rights.sql
\ir functions/presence_seen.sql
\ir functions/presence_last_seen.sql
\ir functions/typing_check.sql

-- the server
\ir functions/server_probe.sql

-- kept for programs of version 1; dropped in version 3
\ir functions/former/event_ring.sql
\ir functions/former/receipt_ring.sql
\ir functions/former/change_gone.sql
\ir functions/former/conversation_list.sql
\ir functions/former/messages_send.sql
\ir functions/former/receipts_deliver.sql
\ir functions/former/schema_version.sql
\ir functions/former/members_guard.sql
\ir functions/former/sync_events.sql
\ir functions/former/user_find.sql
\ir functions/former/user_get.sql
\ir functions/former/user_credentials.sql
\ir functions/former/refresh_tokens_guard.sql
\ir functions/former/device_create.sql
\ir functions/former/device_refresh.sql
\ir functions/former/devices_revoked.sql

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
				where n.pronamespace = 'banter_load'::regnamespace
					and n.proname = o.proname
					and n.proargtypes = o.proargtypes
					and n.prorettype = o.prorettype
					and n.proretset = o.proretset
					and n.pronargdefaults >= o.pronargdefaults
					and n.proallargtypes is not distinct from o.proallargtypes
					and n.proargnames is not distinct from o.proargnames
			)
	loop
		execute 'drop routine ' || v_old;
	end loop;

	for v_new in
		select regexp_replace(pg_get_functiondef(n.oid), 'banter_load\.', 'banter.')
		from pg_proc n
		where n.pronamespace = 'banter_load'::regnamespace
			and not exists (
				select
				from pg_proc o
				where o.pronamespace = 'banter'::regnamespace
					and o.proname = n.proname
					and pg_get_functiondef(o.oid) = regexp_replace(pg_get_functiondef(n.oid), 'banter_load\.', 'banter.')
			)
	loop
		execute v_new;
	end loop;

	-- fails when a default of a parameter calls a function, which would end with this schema
	execute (
		select 'drop routine ' || string_agg(n.oid::regprocedure::text, ', ')
		from pg_proc n
		where n.pronamespace = 'banter_load'::regnamespace
	);
end
$$;

drop schema banter_load;

\ir grants.sql

commit;

\ir indexes.sql
