-- Moves ended memberships from members to former_members. Queries for a user's conversations then
-- read live memberships only.
-- SPDX-License-Identifier: MIT
--
-- members.left_id and left_seq stay, always null, because a function of version 1 that is running
-- during the load reads them. Version 3 drops them.
-- The locks wait for the writers that have begun, so no membership ends unseen. Streams that open
-- wait for the end; other readers go on.
lock table conversations, members in exclusive mode;
lock table former_members in access exclusive mode;

-- A function of version 1 that waits for these locks would end a membership in its old place: its
-- call is refused and repeated.
\ir ../../functions/former/members_guard.sql
create trigger members_guard before update of left_id on members for each statement execute function members_guard();

-- The mark of a device that opens a stream without a cursor. A membership before a rejoin counts as
-- delivered.
alter table former_members add column delivered_id bigint not null default 0;
-- The marks at the end of the membership, by which the status of a message stays when its readers
-- leave. Version 1 did not keep those of a rejoined user.
alter table former_members add column received_id bigint not null default 0;
alter table former_members add column read_id bigint not null default 0;
update former_members set delivered_id = left_id;

insert into former_members (conversation_id, user_id, joined_id, joined_seq, left_id, left_seq, delivered_id, received_id, read_id)
select m.conversation_id,
	m.user_id,
	m.joined_id,
	m.joined_seq,
	coalesce(m.left_id, c.deleted_id),
	coalesce(m.left_seq, c.last_seq),
	least(m.delivered_id, coalesce(m.left_id, c.deleted_id)),
	least(m.delivered_id, coalesce(m.left_id, c.deleted_id)),
	least(m.read_id, coalesce(m.left_id, c.deleted_id))
from members m
join conversations c on c.id = m.conversation_id
where m.left_id is not null
	or c.deleted_id is not null;

delete from members m
using conversations c
where c.id = m.conversation_id
	and (m.left_id is not null or c.deleted_id is not null);

-- Nobody is a member of a deleted conversation.
update conversations set member_count = 0 where deleted_id is not null;

-- A query names a user and a time, or asks for what was not delivered.
drop index former_members_user;
create index former_members_user on former_members (user_id, left_id);
create index former_members_undelivered on former_members (user_id) where delivered_id < left_id;
alter table former_members alter column user_id set (n_distinct = -0.1);
alter table former_members set (autovacuum_vacuum_scale_factor = 0.05);
