/* SPDX-License-Identifier: MIT */
/* Statements of push. */
#include "push/links/statements.h"

#include <assert.h>

#include "lib/chat/message_batch.h"
#include "push/links/db.h"

static_assert((int)MESSAGE_BATCH_PARAMS <= (int)DB_PARAMS, "a query has room for the parameters of every statement");

const struct statement statements[QUERIES] = {
	[QUERY_STATE] = { "stream_state", "select horizon, incarnation, clock from stream_state()", 0, TENDING },
	[QUERY_RESET] = { "cursor_reset", "select cursor_reset($1, $2, $3, $4, $5, $6)", 6, READING },
	[QUERY_REVOKED] = { "devices_revoked", "select device_id, new_position from devices_revoked($1, $2)", 2, TENDING },
	[QUERY_TICKET] = { "stream_auth", "select user_id, device_id from stream_auth($1)", 1, WRITING },
	[QUERY_DEVICE] = { "device_known", "select device_known($1, $2)::integer", 2, READING },
	[QUERY_OPEN] = { "streams_open",
			 "select status, reset, conversations, ended, last_seqs, last_ids, member_counts, delivered from streams_open($1, $2, $3)", 3,
			 READING },
	[QUERY_SYNC] = { "sync_events",
			 "select conversation_id, id, seq, gone, event, snapshot, pass_end, is_cut::integer from sync_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
			 12, READING },
	[QUERY_RANGE] = { "events_range", "select id, seq, gone, event from events_range($1, $2, $3)", 3, READING },
	[QUERY_HEADS] = { "sweep_heads", "select conversation_id, last_seq, last_id, member_count from sweep_heads($1)", 1, READING },
	[QUERY_MEMBERS] = { "sweep_members", "select user_id, conversation_id from sweep_members($1, $2)", 2, READING },
	[QUERY_COUNTS] = { "receipts_counts", "select message_id, sender_id, delivered, read, of_members from receipts_counts($1, $2)", 2, READING },
	[QUERY_ALLOWED] = { "presence_allowed",
			    "select a.user_id, time_json(s.last_seen) from presence_allowed($1, $2) a left join presence_last_seen($2) s using (user_id)",
			    2, READING },
	[QUERY_RIGHTS] = { "presence_rights", "select user_id, other_id from presence_rights($1, $2)", 2, READING },
	[QUERY_LAST_SEEN] = { "presence_last_seen", "select user_id, time_json(last_seen) from presence_last_seen($1)", 1, READING },
	[QUERY_MARKS_CLOCK] = { "marks_clock", "select marks_clock()", 0, READING },
	[QUERY_MARKS] = { "marks_moved", "select conversation_id, user_id, delivered_id, read_id from marks_moved($1, $2)", 2, READING },
	[QUERY_READS] = { "marks_read", "select conversation_id, user_id, read_id, body from marks_read($1, $2)", 2, READING },
	[QUERY_SEEN] = { "presence_seen", "select presence_seen($1, array(select to_timestamp(u / 1000.0) from unnest($2::bigint[]) as u))", 2,
			 WRITING },
	[QUERY_DELIVER] = { "receipts_deliver", "select channel, payload from receipts_deliver($1, $2, $3, $4, $5, $6)", 6, WRITING },
	[QUERY_SEND] = { "messages_send", MESSAGE_DRAFT_STATEMENT, MESSAGE_BATCH_PARAMS, SENDING },
};
