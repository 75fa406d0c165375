/* SPDX-License-Identifier: MIT */
/* The statements of push. */
#include "statements.h"

#include "../lib/sends.h"

const struct statement statements[STORE_STATEMENTS] = {
	[STORE_HORIZON] = { "stream_horizon", "select stream_horizon()", 0, WRITING },
	[STORE_REVOKED] = { "devices_revoked", "select device_id from devices_revoked(to_timestamp($1::bigint / 1000.0))", 1, READING },
	[STORE_TICKET] = { "stream_auth", "select user_id, device_id from stream_auth($1)", 1, WRITING },
	[STORE_OPEN] = { "streams_open",
			 "select status, reset, conversations, ended, last_seqs, last_ids, member_counts, delivered from streams_open($1, $2, $3)", 3,
			 READING },
	[STORE_SYNC] = { "sync_events", "select conversation_id, id, seq, gone, event from sync_events($1, $2, $3, $4, $5)", 5, READING },
	[STORE_RANGE] = { "events_range", "select id, seq, gone, event from events_range($1, $2, $3)", 3, READING },
	[STORE_HEADS] = { "sweep_heads", "select conversation_id, last_seq, last_id, member_count from sweep_heads($1)", 1, READING },
	[STORE_MEMBERS] = { "sweep_members", "select user_id, conversation_id from sweep_members($1, $2)", 2, READING },
	[STORE_COUNTS] = { "receipts_counts", "select message_id, sender_id, delivered, read, of_members from receipts_counts($1, $2)", 2, READING },
	[STORE_ALLOWED] = { "presence_allowed",
			    "select a.user_id, time_json(s.last_seen) from presence_allowed($1, $2) a left join presence_last_seen($2) s using (user_id)",
			    2, READING },
	[STORE_SEEN] = { "presence_seen", "select presence_seen($1, array(select to_timestamp(u / 1000.0) from unnest($2::bigint[]) as u))", 2,
			 WRITING },
	[STORE_DELIVER] = { "receipts_deliver", "select channel, payload from receipts_deliver($1, $2, $3, $4, $5)", 5, WRITING },
	[STORE_SEND] = { "messages_send", SENDS_STATEMENT, SENDS_PARAMS, SENDING },
};
