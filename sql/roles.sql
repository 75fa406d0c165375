-- What the administrator of a PostgreSQL that is not ours runs once: psql -v database=banter -f sql/roles.sql
-- SPDX-License-Identifier: MIT
--
-- Makes the role that owns everything of Banter and that its programs connect as. Give it a password afterwards: \password banter
-- pg_read_all_stats lets stream_horizon see the transactions of every role; without it a writer under another role would be overlooked.

\set ON_ERROR_STOP on
\if :{?database}
\else
	\set database banter
\endif

select not exists (select from pg_roles where rolname = 'banter') as missing \gset
\if :missing
	create role banter login;
\endif
grant pg_read_all_stats to banter;

select not exists (select from pg_database where datname = :'database') as missing \gset
\if :missing
	create database :"database" owner banter encoding 'UTF8' template template0;
\endif
grant create, connect on database :"database" to banter;
