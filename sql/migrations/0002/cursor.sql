-- For the cursor: the transaction of an event, the incarnation of the database, and the last
-- reading of its clock.
-- SPDX-License-Identifier: MIT
--
-- event_clock of version 1 marks no transaction. The lock waits until each of them has ended, and a
-- later lock of a conversation is taken by the new one.
lock table conversations in exclusive mode;

-- Old rows keep null: they were committed before any cursor could ask for it (sync_events).
alter table messages add column xact xid8;
alter table messages alter column xact set default pg_current_xact_id();
alter table changes add column xact xid8;
alter table changes alter column xact set default pg_current_xact_id();

-- The machine's clock at the moment when clock_floor was raised last: what has passed since is what
-- the floor may advance by.
create sequence clock_seen minvalue 0 start 0;

-- A row for each time that the database went on from another past: a failover, a restore, or
-- because an administrator said so (incarnation_renew).
create table incarnations (
	number     integer primary key,            -- 1, 2, 3 …
	id         bigint not null unique,         -- random; cursors carry it
	system     bigint not null,                -- of the PostgreSQL cluster
	timeline   integer not null,
	reached_id bigint not null,                -- the horizon that the log held when it began
	renewed    boolean not null default false, -- no older cursor can be resumed
	begun_at   timestamptz not null default now()
);

insert into incarnations (number, id, system, timeline, reached_id)
select 1, ('x' || left(gen_random_uuid()::text, 8))::bit(32)::bigint, s.system_identifier,
	('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer, 0
from pg_control_system() s;
