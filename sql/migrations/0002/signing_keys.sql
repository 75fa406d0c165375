-- The keys that sign access tokens, by fingerprint: hosts with different keys would refuse each
-- other's tokens.
-- SPDX-License-Identifier: MIT

create table signing_keys (
	fingerprint text primary key check (fingerprint ~ '^[0-9a-f]{32}$'),
	added_at    timestamptz not null default now()
);
