-- The indexes that came to tables which may be large already. They are built beside running
-- programs, outside of a transaction.
-- SPDX-License-Identifier: MIT
--
-- A new index on a table of an earlier version is a row here. An index of a table that the same
-- migration creates stands with that table.
-- An index that was broken off is dropped and built again. The programs are correct without these
-- indexes, only slower.

\set ON_ERROR_STOP on
set search_path = banter;
set client_min_messages = warning;
-- A build waits for transactions that began before it, and no session waits for the build.
set lock_timeout = '10min';
set statement_timeout = 0;

create temp table wanted_indexes (name text primary key, definition text not null);
insert into wanted_indexes values
	-- name, and what follows it in `create index concurrently NAME`
	-- Finds the device of a token that does not name it. For programs of version 1; dropped in
	-- version 3.
	('devices_refresh', 'on devices (refresh_hash) where refresh_hash is not null'),
	-- Finds whether a user has signed in from a network before.
	('devices_network', 'on devices (user_id, network) where network is not null'),
	-- Has the conversations of a user in their order, so that a page of sync_by_conversation
	-- looks at few.
	('members_conversations', 'on members (user_id, conversation_id)'),
	(' none', '');
delete from wanted_indexes where name = ' none';

select format('drop index concurrently banter.%I', w.name)
from wanted_indexes w
join pg_index i on i.indexrelid = to_regclass(format('banter.%I', w.name))
where not i.indisvalid \gexec

select format('create index concurrently if not exists %I %s', w.name, w.definition)
from wanted_indexes w
order by w.name \gexec

drop table wanted_indexes;
reset lock_timeout;
reset statement_timeout;
