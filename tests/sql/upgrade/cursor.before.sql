-- Rows of version 1 for upgrade/cursor.sql: a conversation with a message.
-- SPDX-License-Identifier: MIT
insert into conversations (id, created_by, last_seq, last_id, last_message_id, message_count, member_count, kind, history)
values (7801, 7802, 1, 7803, 7803, 1, 1, 'group', 'full');
insert into members (conversation_id, user_id, joined_id, joined_seq, role) values (7801, 7802, 7803, 1, 'owner');
insert into messages (conversation_id, id, seq, ordinal, sender_id, client_id, text) values (7801, 7803, 1, 1, 7802, 'cursor', 'hi');
