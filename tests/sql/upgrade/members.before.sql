-- Memberships of version 1: live, left, rejoined, of a deleted conversation, and left before it was
-- deleted.
-- SPDX-License-Identifier: MIT
insert into users (id, name, display_name)
values (101, 'members-alice', 'Alice'), (102, 'members-bob', 'Bob'), (103, 'members-carol', 'Carol');

insert into devices (id, user_id)
values (121, 101), (122, 102), (123, 103);

-- 110: bob has left, carol has left and come back
insert into conversations (id, kind, history, title, created_by, last_seq, last_id, last_message_id, message_count, member_count, deleted_id)
values (110, 'group', 'full', 'Room', 101, 7, 160, 160, 3, 2, null), (111, 'group', 'full', 'Deleted', 101, 4, 180, 130, 1, 2, 180);

insert into members (conversation_id, user_id, role, joined_id, joined_seq, left_id, left_seq, delivered_id, read_id, read_ordinal)
values
	(110, 101, 'owner', 110, 1, null, null, 160, 160, 3),
	(110, 102, 'member', 110, 1, 140, 4, 120, 110, 0),
	(110, 103, 'member', 150, 6, null, null, 140, 140, 2),
	(111, 101, 'owner', 111, 1, null, null, 180, 130, 1),
	(111, 102, 'member', 111, 1, null, null, 130, 130, 1),
	(111, 103, 'member', 111, 1, 170, 3, 170, 0, 0);

insert into former_members (conversation_id, user_id, joined_id, joined_seq, left_id, left_seq)
values (110, 103, 110, 1, 130, 3);

insert into messages (conversation_id, id, seq, ordinal, sender_id, client_id, text)
values (110, 120, 2, 1, 101, '1', 'one'), (110, 145, 5, 2, 101, '2', 'secret'), (110, 160, 7, 3, 101, '3', 'three'), (111, 130, 2, 1, 101, '1', 'hi');

insert into changes (conversation_id, id, seq, actor_id, user_id, type, data)
values
	(110, 110, 1, 101, null, 'conversation.created', '{}'),
	(110, 130, 3, 101, 103, 'member.removed', '{}'),
	(110, 140, 4, 102, 102, 'member.removed', '{}'),
	(110, 150, 6, 101, null, 'member.added', '{}'),
	(111, 111, 1, 101, null, 'conversation.created', '{}'),
	(111, 170, 3, 103, 103, 'member.removed', '{}'),
	(111, 180, 4, 101, null, 'conversation.deleted', '{}');
