-- Keeps the keys of messages (P4) in a table of their own. So messages may be partitioned by time
-- later, and a key outlives its message.
-- SPDX-License-Identifier: MIT
--
-- client_hash is client_hash(client_id). It depends on the byte order of the machine: after a dump
-- is restored on one of the other byte order, fill the table anew.
-- Sends wait for the end: members.sql has locked conversations, and messages is locked here.
-- Readers wait only while the columns change.
-- A send of version 1 that waits here fails when it goes on, since its row has no mentions. The
-- programs repeat it, and find the new function.
create table message_keys (
	conversation_id bigint not null,
	sender_id       bigint not null,
	client_hash     bigint not null,
	message_id      bigint not null,
	primary key (conversation_id, sender_id, client_hash)
);
alter table message_keys set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

lock table messages, mentions in exclusive mode;
insert into message_keys (conversation_id, sender_id, client_hash, message_id)
select m.conversation_id, m.sender_id, hashtextextended(m.client_id, 0), m.id
from messages m
order by 1, 2, 3
on conflict do nothing;

alter table messages drop constraint messages_conversation_id_sender_id_client_id_key;

-- Whom a message mentions: ids, 0 for all members. Null when nobody.
alter table messages add column mentions bigint[];
update messages m
set mentions = n.users
from (
	select a.conversation_id, a.message_id, array_agg(a.user_id order by a.user_id) as users
	from mentions a
	group by 1, 2
) n
where m.conversation_id = n.conversation_id
	and m.id = n.message_id;
