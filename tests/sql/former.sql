-- Everything that the programs of version 1 do, by their own statements: a story of three users.
-- SPDX-License-Identifier: MIT
\ir ../operation/upgrade/1/statements.sql

-- Fails unless both texts are the same.
create function test.same_text(in_got text, in_wanted text, in_what text)
returns void
language sql
as $$
	select same(in_got, in_wanted, in_what)
$$;

-- Signing up, signing in, refreshing.
execute api_user_register('anna', 'Anna', 'hash', 'phone', '\x000102030405060708090a0b0c0d0e0f', 3600) \gset anna_
execute api_user_register('ben', null, 'hash', null, '\x100102030405060708090a0b0c0d0e0f', 3600) \gset ben_
execute api_user_register('cleo', 'Cleo', 'hash', null, '\x200102030405060708090a0b0c0d0e0f', 3600) \gset cleo_
select same_text(:'anna_body'::json ->> 'display_name', 'Anna', 'user_register');
execute api_user_credentials('anna') \gset
select same_text(:'user_id', :'anna_user_id', 'user_credentials'), same_text(:'password_hash', 'hash', 'user_credentials: hash');
execute api_device_create(:anna_user_id, 'tablet', '\x010102030405060708090a0b0c0d0e0f', 3600) \gset tablet_
select same_text(:'tablet_user_get'::json ->> 'name', 'anna', 'device_create');
execute api_device_refresh('\x010102030405060708090a0b0c0d0e0f', '\x020102030405060708090a0b0c0d0e0f', 3600) \gset
select same_text(:'status', 'ok', 'device_refresh'), same_text(:'device_id', :'tablet_device_create', 'device_refresh: device');
execute api_device_refresh('\x99990102030405060708090a0b0c0d0e', '\x030102030405060708090a0b0c0d0e0f', 3600) \gset
select same_text(:'status', 'invalid_refresh_token', 'device_refresh: an unknown token');
execute api_device_list(:anna_user_id, :anna_device_create) \gset
select same_text(json_array_length(:'device_list'::json -> 'devices')::text, '2', 'device_list');
execute api_user_get(:ben_user_id) \gset
select same_text(:'user_get'::json ->> 'name', 'ben', 'user_get');
execute api_user_find('an', null, 10) \gset
select same_text(json_array_length(:'user_find'::json -> 'users')::text, '1', 'user_find');
execute api_user_update(:ben_user_id, 'Benjamin') \gset
select same_text(:'user_update'::json ->> 'display_name', 'Benjamin', 'user_update');

-- Conversations and members.
execute api_conversation_direct(:anna_user_id, :ben_user_id) \g /dev/null
select d.conversation_id as direct from directs d \gset
execute api_conversation_group(:anna_user_id, 'trip', array[:ben_user_id]::bigint[], 'full') \g /dev/null
select c.id as trip from conversations c where c.kind = 'group' \gset
execute api_member_add(:trip, :anna_user_id, array[:cleo_user_id]::bigint[]) \g /dev/null
execute api_member_role(:trip, :anna_user_id, :ben_user_id, 'admin') \g /dev/null
execute api_member_list(:trip, :anna_user_id, null, 10) \gset
select same_text(json_array_length(:'member_list'::json -> 'members')::text, '3', 'member_list');
execute api_conversation_update(:trip, :anna_user_id, 'long trip') \g /dev/null
execute api_conversation_get(:trip, :ben_user_id) \gset
select same_text(:'conversation_get'::json ->> 'title', 'long trip', 'conversation_get');
execute api_conversation_list(:ben_user_id, null, 10) \gset
select same_text(json_array_length(:'conversation_list'::json -> 'conversations')::text, '2', 'conversation_list');

-- Messages.
execute push_stream_horizon \gset before_
execute api_messages_send(array[:trip]::bigint[], array[:anna_user_id]::bigint[], '{one}', '{"hello @ben"}', '{"{\"a\":1}"}', array[null]::bigint[]) \gset sent_
select same_text(:'sent_status', 'created', 'messages_send'), same_text(:'sent_message'::json ->> 'text', 'hello @ben', 'messages_send: text');
select :'sent_message'::json ->> 'id' as message \gset
execute push_messages_send(array[:direct, :trip]::bigint[], array[:ben_user_id, :ben_user_id]::bigint[], '{a,b}', '{hi,there}', '{NULL,NULL}', array[null, :message]::bigint[])
\g /dev/null
execute api_messages_send(array[:trip]::bigint[], array[:anna_user_id]::bigint[], '{one}', '{"hello @ben"}', '{"{\"a\":1}"}', array[null]::bigint[]) \gset sent_
select same_text(:'sent_status', 'repeated', 'messages_send: again');
execute api_message_get(:trip, :cleo_user_id, :message) \gset
select same_text(:'message_get'::json ->> 'text', 'hello @ben', 'message_get');
execute api_message_list(:trip, :cleo_user_id, null, null, null, 10) \gset
select same_text(json_array_length(:'message_list'::json -> 'messages')::text, '2', 'message_list');

-- Receipts.
execute api_conversation_read(:trip, :ben_user_id, :message) \g /dev/null
execute api_receipts_update(:cleo_user_id, array[:trip]::bigint[], array[:message]::bigint[], array[null]::bigint[]) \g /dev/null
execute api_receipts_deliver(:anna_user_id, 9223372036854775807, null, null, null) \g /dev/null
execute push_receipts_deliver(array[:ben_user_id]::bigint[], '{9223372036854775807}', '{}', '{}', '{}') \g /dev/null
execute api_message_receipts(:trip, :anna_user_id, :message, null, 10) \gset
select same_text(json_array_length(:'message_receipts'::json -> 'receipts')::text, '2', 'message_receipts');
execute push_receipts_counts(:trip, array[:message]::bigint[]) \gset counts_
select same_text(:'counts_read', '1', 'receipts_counts: read'), same_text(:'counts_of_members', '2', 'receipts_counts: of');

-- Streams.
execute api_ticket_create('\x300102030405060708090a0b0c0d0e0f', :anna_user_id, :anna_device_create, 30) \g /dev/null
execute push_stream_auth('\x300102030405060708090a0b0c0d0e0f') \gset
select same_text(:'device_id', :'anna_device_create', 'stream_auth');
execute push_streams_open(array[:anna_user_id]::bigint[], array[:anna_device_create]::bigint[], array[:before_stream_horizon]::bigint[]) \gset open_
select same_text(cardinality(:'open_conversations'::bigint[])::text, '2', 'streams_open');
execute push_sync_events(:cleo_user_id, 0, '{}', '{}', 1) \gset
select same_text(:'conversation_id', :'trip', 'sync_events of push');
execute api_sync_events(:cleo_user_id, null, null, null, 1) \gset
select same_text(:'conversation_id', :'trip', 'sync_events of api');
execute api_sync_reset(:anna_user_id) \g /dev/null
execute api_sync_snapshot(:anna_user_id, 10) \gset
select same_text(json_array_length(:'sync_snapshot'::json -> 'conversations')::text, '2', 'sync_snapshot');
execute api_stream_horizon \g /dev/null
execute push_sweep_heads(array[:trip]::bigint[]) \gset heads_
select same_text(:'heads_member_count', '3', 'sweep_heads');
execute push_events_range(:trip, :message, 1) \gset
select same_text(:'id', :'heads_last_id', 'events_range');
execute push_sweep_members(array[:cleo_user_id]::bigint[], 0) \gset
select same_text(:'conversation_id', :'trip', 'sweep_members');

-- Presence and typing.
execute api_presence_seen(:ben_user_id) \g /dev/null
execute push_presence_seen(array[:ben_user_id]::bigint[], '{1700000000000}') \g /dev/null
execute api_presence_allowed(:anna_user_id, array[:ben_user_id]::bigint[]) \gset
select same_text((:'time_json' is not null)::text, 'true', 'presence_allowed of api');
execute push_presence_allowed(:anna_user_id, array[:ben_user_id]::bigint[]) \gset
select same_text(:'user_id', :'ben_user_id', 'presence_allowed of push');
execute api_typing_check(:trip, :cleo_user_id) \gset
select same_text(:'member_count', '3', 'typing_check');

-- Leaving, signing out, deleting.
execute api_member_remove(:trip, :anna_user_id, :cleo_user_id) \g /dev/null
execute api_device_revoke(:anna_user_id, :tablet_device_create) \g /dev/null
execute api_devices_revoked(60) \gset
select same_text(:'device_id', :'tablet_device_create', 'devices_revoked of api');
execute push_devices_revoked(0) \gset
select same_text(:'device_id', :'tablet_device_create', 'devices_revoked of push');
execute api_conversation_delete(:trip, :anna_user_id) \g /dev/null
execute api_schema_version \gset
select same_text(:'schema_version', '1', 'schema_version');

-- Functions that functions of version 1 called.
select same_text(event_ring(7, 2, '*', '{}'), E'e 7 2 *\n{}', 'event_ring');
select same_text(receipt_ring(100, 1, 2, 3), 'r 1 2 3', 'receipt_ring');
select same_text(change_gone('member.removed', 5), '5', 'change_gone');
