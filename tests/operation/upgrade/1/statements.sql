-- Every statement that the programs of version 1 prepare, word for word. All of them keep working,
-- because the database serves these programs.
-- SPDX-License-Identifier: MIT

-- api
prepare api_conversation_delete as select channel, payload from conversation_delete($1, $2);
prepare api_conversation_direct as select channel, payload, created from conversation_direct($1, $2);
prepare api_conversation_get as select conversation_get($1, $2);
prepare api_conversation_group as select channel, payload from conversation_group($1, $2, $3, $4);
prepare api_conversation_list as select conversation_list($1, $2, $3::bigint::integer);
prepare api_conversation_read as select channel, payload from conversation_read($1, $2, $3);
prepare api_conversation_update as select channel, payload from conversation_update($1, $2, $3);
prepare api_devices_revoked as select device_id from devices_revoked(now() - make_interval(secs => $1::bigint));
prepare api_device_create as select device_create($1, $2, $3, $4::bigint::integer), user_get($1);
prepare api_device_list as select device_list($1, $2);
prepare api_device_refresh as select status, user_id, device_id, channel, payload from device_refresh($1, $2, $3::bigint::integer);
prepare api_device_revoke as select channel, payload from device_revoke($1, $2);
prepare api_member_add as select channel, payload from member_add($1, $2, $3);
prepare api_member_list as select member_list($1, $2, $3, $4::bigint::integer);
prepare api_member_remove as select channel, payload from member_remove($1, $2, $3);
prepare api_member_role as select channel, payload from member_role($1, $2, $3, $4);
prepare api_message_get as select message_get($1, $2, $3);
prepare api_message_list as select message_list($1, $2, $3, $4, $5, $6::bigint::integer);
prepare api_message_receipts as select message_receipts($1, $2, $3, $4, $5::bigint::integer);
prepare api_messages_send as select status, message, event from messages_send($1, $2, $3, $4, $5, $6);
prepare api_presence_allowed as select a.user_id, time_json(s.last_seen) from presence_allowed($1, $2) a left join presence_last_seen($2) s using (user_id) order by a.user_id;
prepare api_presence_seen as select presence_seen(array[$1::bigint], array[now()]);
prepare api_receipts_deliver as select channel, payload from receipts_deliver(array[$1::bigint], array[$2::bigint], $3, $4, $5);
prepare api_receipts_update as select channel, payload from receipts_update($1, $2, $3, $4);
prepare api_schema_version as select schema_version();
prepare api_stream_horizon as select stream_horizon();
prepare api_sync_events as select conversation_id, id, event from sync_events($1, $2, $3, $4, $5::bigint::integer);
prepare api_sync_reset as select sync_reset($1, r.from_id, r.to_id) from sync_range() r;
prepare api_sync_snapshot as select sync_snapshot($1, $2::bigint::integer);
prepare api_ticket_create as select ticket_create($1, $2, $3, $4::bigint::integer);
prepare api_typing_check as select status, member_count from typing_check($1, $2);
prepare api_user_credentials as select user_id, password_hash from user_credentials($1);
prepare api_user_find as select user_find($1, $2, $3::bigint::integer);
prepare api_user_get as select user_get($1);
prepare api_user_register as select device_create(u.user_id, $4, $5, $6::bigint::integer), u.body, u.user_id from user_register($1, $2, $3) u;
prepare api_user_update as select user_update($1, $2);

-- push
prepare push_stream_horizon as select stream_horizon();
prepare push_devices_revoked as select device_id from devices_revoked(to_timestamp($1::bigint / 1000.0));
prepare push_stream_auth as select user_id, device_id from stream_auth($1);
prepare push_streams_open as select status, reset, conversations, ended, last_seqs, last_ids, member_counts, delivered from streams_open($1, $2, $3);
prepare push_sync_events as select conversation_id, id, seq, gone, event from sync_events($1, $2, $3, $4, $5);
prepare push_events_range as select id, seq, gone, event from events_range($1, $2, $3);
prepare push_sweep_heads as select conversation_id, last_seq, last_id, member_count from sweep_heads($1);
prepare push_sweep_members as select user_id, conversation_id from sweep_members($1, $2);
prepare push_receipts_counts as select message_id, sender_id, delivered, read, of_members from receipts_counts($1, $2);
prepare push_presence_allowed as select a.user_id, time_json(s.last_seen) from presence_allowed($1, $2) a left join presence_last_seen($2) s using (user_id);
prepare push_presence_seen as select presence_seen($1, array(select to_timestamp(u / 1000.0) from unnest($2::bigint[]) as u));
prepare push_receipts_deliver as select channel, payload from receipts_deliver($1, $2, $3, $4, $5);
prepare push_messages_send as select status, message, event from messages_send($1, $2, $3, $4, $5, $6);
