-- The tables of Banter. Never edited once released: what changes later is a migration of its own.
-- SPDX-License-Identifier: MIT
--
-- Every table of a conversation begins with conversation_id, so that it can be distributed by it.
-- For the same reason no foreign key leads from these tables to others.
-- messages, changes and mentions have no foreign key at all. Only functions that hold the
-- conversation's row lock write them, and each send would pay for a check per row.
-- Ids are 64 bits: milliseconds since 2024-01-01 in the upper 42, and bits that make them unique in
-- the lower 22 (id_at).
--
-- The values of columns of conversations, members and messages are limited by domains, not by
-- checks of the tables. PostgreSQL reads the checks of a table in every statement that writes it,
-- which is a fifth of the cost of a send. It reads the checks of a domain once in a session, and
-- applies them only where the column is written.

create domain conversation_kind as text check (value in ('direct', 'group'));
create domain conversation_history as text check (value in ('full', 'joined'));
create domain conversation_title as text check (octet_length(value) between 1 and 256);
create domain member_rank as text check (value in ('owner', 'admin', 'member'));
create domain message_client_id as text collate "C" check (octet_length(value) between 1 and 64);
create domain message_text as text check (octet_length(value) <= 65536);
create domain message_data as jsonb check (jsonb_typeof(value) = 'object' and pg_column_size(value) <= 65536);

create table users (
	id           bigint primary key,
	created_at   timestamptz not null default now(),
	last_seen    timestamptz,
	name         text collate "C" not null unique check (name ~ '^[a-z0-9_.-]{2,32}$'),
	display_name text not null check (octet_length(display_name) between 1 and 128),
	password_hash text
) with (fillfactor = 90);

-- A device is one sign-in of a user. Revoked devices stay, so that a process that asks late still
-- finds them.
create table devices (
	id           bigint primary key,
	user_id      bigint not null references users (id),
	created_at   timestamptz not null default now(),
	last_used_at timestamptz not null default now(),
	revoked_at   timestamptz,
	name         text check (octet_length(name) between 1 and 128)
) with (fillfactor = 90);

create index devices_live on devices (user_id) where revoked_at is null;
create index devices_revoked_at on devices (revoked_at) where revoked_at is not null;

-- A used token stays until it expires, so that its reuse is noticed.
create table refresh_tokens (
	hash         bytea primary key check (octet_length(hash) between 16 and 64),
	device_id    bigint not null references devices (id),
	created_at   timestamptz not null default now(),
	expires_at   timestamptz not null,
	used_at      timestamptz
);

create index refresh_tokens_device on refresh_tokens (device_id);

-- One-time tickets for opening a stream. They live for seconds, so a crash may lose them.
create unlogged table tickets (
	hash         bytea primary key check (octet_length(hash) between 16 and 64),
	user_id      bigint not null,
	device_id    bigint not null,
	expires_at   timestamptz not null
);

create index tickets_expires_at on tickets (expires_at);
create index tickets_device on tickets (device_id);

-- Every send writes the counters. No index may be put on them, and pages keep room, so that these
-- updates stay HOT.
create table conversations (
	id              bigint primary key,
	created_by      bigint not null,
	last_seq        bigint not null default 0,  -- of the last event; dense from 1
	last_id         bigint not null default 0,  -- of the last event; grows with seq
	last_message_id bigint not null default 0,
	message_count   bigint not null default 0,
	deleted_id      bigint,                     -- the event that deleted it; the last one ever
	created_at      timestamptz not null default now(),
	member_count    integer not null default 0,
	kind            conversation_kind not null,
	history         conversation_history not null,
	title           conversation_title
) with (fillfactor = 70);

-- The one direct conversation of two users.
create table directs (
	user_low        bigint not null,
	user_high       bigint not null,
	conversation_id bigint not null,
	primary key (user_low, user_high),
	check (user_low < user_high)
);

-- Members of conversations, with their marks. A member who has left keeps the row; left_id is then
-- the last event that the member may see.
-- delivered_id and read_id are watermarks over all events. Unread counts are computed from
-- read_ordinal.
create table members (
	conversation_id bigint not null references conversations (id),
	user_id         bigint not null,
	joined_id       bigint not null,  -- the event they came with; the first that they may see on a stream
	joined_seq      bigint not null,
	left_id         bigint,
	left_seq        bigint,
	delivered_id    bigint not null default 0,
	read_id         bigint not null default 0,
	read_ordinal    bigint not null default 0,
	role            member_rank not null,
	primary key (conversation_id, user_id),
	check (0 <= read_id and read_id <= delivered_id)
) with (fillfactor = 80);

create index members_user on members (user_id, joined_id);
-- The planner always assumes ten conversations for a user. With the fewer ones of a young database
-- it would find one member by members_user, which is slow for a user in thousands.
alter table members alter column user_id set (n_distinct = -0.1);

-- Earlier memberships of users who have rejoined. The events from joined_id to left_id are still
-- replayed to them.
create table former_members (
	conversation_id bigint not null,
	user_id         bigint not null,
	joined_id       bigint not null,
	joined_seq      bigint not null,
	left_id         bigint not null,
	left_seq        bigint not null,
	primary key (conversation_id, user_id, joined_id)
);

create index former_members_user on former_members (user_id);

-- A message's id is its place and its time. ordinal counts messages only, seq counts every event.
create table messages (
	conversation_id bigint not null,
	id              bigint not null,
	seq             bigint not null,
	ordinal         bigint not null,
	sender_id       bigint not null,
	reply_to        bigint,
	edited_at       timestamptz,
	deleted_at      timestamptz,
	client_id       message_client_id not null,
	text            message_text not null,
	data            message_data,
	primary key (conversation_id, id),
	unique (conversation_id, sender_id, client_id)
);

-- All events that are not messages. data is the event's data as streams carry it.
create table changes (
	conversation_id bigint not null,
	id              bigint not null,
	seq             bigint not null,
	actor_id        bigint not null,  -- who did it
	user_id         bigint,           -- to whom, if it is about one person
	type            text not null check (type ~ '^[a-z]+\.[a-z]+$'),
	data            json not null,
	primary key (conversation_id, id)
);

create table mentions (
	conversation_id bigint not null,
	user_id         bigint not null,
	message_id      bigint not null,
	primary key (conversation_id, user_id, message_id)
);

-- The oldest event that is certain to be kept. It is raised before older events are removed. A
-- cursor below it cannot be resumed.
create table retention (
	kept_id         bigint not null default 0,
	only_row        boolean primary key default true check (only_row)
);

insert into retention default values;

-- The floor of the database's clock: no event gets an id below clock_floor (event_clock), even when
-- the machine's clock is set back.
-- horizon_reached is the highest horizon that was ever returned (stream_horizon). Both only move
-- forward.
create sequence clock_floor minvalue 0 start 0;
create sequence horizon_reached minvalue 0 start 0;
