-- Messages of version 1 with their client_ids, one of which mentions two users.
-- SPDX-License-Identifier: MIT
insert into users (id, name, display_name)
values (701, 'keys-alice', 'Alice'), (702, 'keys-bob', 'Bob');

insert into conversations (id, kind, history, title, created_by, last_seq, last_id, last_message_id, message_count, member_count)
values (710, 'group', 'full', 'Keys', 701, 3, 730, 730, 2, 2);

insert into members (conversation_id, user_id, role, joined_id, joined_seq, delivered_id, read_id, read_ordinal)
values (710, 701, 'owner', 710, 1, 730, 730, 2), (710, 702, 'member', 710, 1, 0, 0, 0);

insert into messages (conversation_id, id, seq, ordinal, sender_id, client_id, text)
values (710, 720, 2, 1, 701, 'one', '@keys-bob'), (710, 730, 3, 2, 701, 'two', 'two');

insert into mentions (conversation_id, user_id, message_id)
values (710, 702, 720);

insert into changes (conversation_id, id, seq, actor_id, user_id, type, data)
values (710, 710, 1, 701, null, 'conversation.created', '{}');
