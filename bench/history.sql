-- Ten million messages: a conversation of one million, one of ten thousand, the rest in 100,000
-- small ones, as in life.
-- SPDX-License-Identifier: MIT
--
-- history: conversations 40000001 (1,000,000) and 40000002 (10,000) of the users 1000001 to
-- 1000100, all with marks of their own.
-- The small ones have two members, 1000001 and 1000002 send everywhere.
-- Message n of a conversation has the id :first + n * 2^22, that is one a millisecond, so that a
-- load generator can compute anchors.

\set ON_ERROR_STOP on
set maintenance_work_mem = '512MB';
set synchronous_commit = off; -- of this session only

create temporary table sizes (conversation_id bigint, size bigint, members integer);
insert into sizes values (40000001, 1000000, 100), (40000002, 10000, 100);
insert into sizes select 40001000 + n, greatest(:rest / 100000, 1), 2 from generate_series(1, 100000) n;

insert into conversations (id, created_by, kind, history, title, member_count, last_seq, last_id, last_message_id, message_count)
select conversation_id, 1000001, 'group', 'full', 'History', members, size, :first + size * 4194304, :first + size * 4194304, size
from sizes;

insert into members (conversation_id, user_id, joined_id, joined_seq, role, delivered_id, read_id, read_ordinal)
select conversation_id, 1000000 + n, :first, 1, case n when 1 then 'owner' else 'member' end,
	:first + greatest(size - n % 37, 0) * 4194304, :first + greatest(size - n % 37 - n % 50, 0) * 4194304, greatest(size - n % 37 - n % 50, 0)
from sizes, generate_series(1, members) n;

insert into messages (conversation_id, id, seq, ordinal, sender_id, client_id, text)
select conversation_id, :first + n * 4194304, n, n, 1000001 + n % 2, n::text, repeat('history ', 25)
from sizes, generate_series(1, size) n;

reset synchronous_commit;
vacuum analyze messages, conversations, members;
select count(*) || ' messages, ' || pg_size_pretty(pg_total_relation_size('messages')) from messages;
