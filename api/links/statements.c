/* SPDX-License-Identifier: MIT */
/* The table of statements. */
#include "api/links/statements.h"

#include <assert.h>
#include <stdio.h>

#include "lib/chat/message_batch.h"

enum { WRITES = false, READS = true };

static const struct statement_row table[STATEMENTS] = {
	[STATEMENT_CONVERSATION_DELETE] = { "conversation_delete", 2, WRITES, "select channel, payload from conversation_delete($1, $2)" },
	[STATEMENT_CONVERSATION_DIRECT] = { "conversation_direct", 2, WRITES, "select channel, payload, created from conversation_direct($1, $2)" },
	[STATEMENT_CONVERSATION_GET] = { "conversation_get", 2, READS, "select conversation_get($1, $2)" },
	[STATEMENT_CONVERSATION_GROUP] = { "conversation_group", 4, WRITES, "select channel, payload from conversation_group($1, $2, $3, $4)" },
	[STATEMENT_CONVERSATION_LIST] = { "conversation_list", 4, READS, "select conversation_list($1, $2, $3, $4::bigint::integer)" },
	[STATEMENT_CONVERSATION_READ] = { "conversation_read", 3, WRITES, "select channel, payload from conversation_read($1, $2, $3)" },
	[STATEMENT_CONVERSATION_UPDATE] = { "conversation_update", 3, WRITES, "select channel, payload from conversation_update($1, $2, $3)" },
	[STATEMENT_DEVICES_REVOKED] = { "devices_revoked", 2, READS, "select device_id, new_position from devices_revoked($1, $2::bigint::integer)" },
	[STATEMENT_DEVICE_SIGN_IN] = { "device_sign_in", 6, WRITES,
				       "select device_id, case when channel is null then user_get($1, $1) end, channel, payload from device_sign_in($1, $2, $3, $4::bigint::integer, $5, $6)" },
	[STATEMENT_DEVICE_KNOWN] = { "device_known", 2, READS, "select device_known($1, $2)::integer" },
	[STATEMENT_DEVICE_LIST] = { "device_list", 2, READS, "select device_list($1, $2)" },
	[STATEMENT_DEVICE_OF_TOKEN] = { "device_of_token", 1, READS, "select device_id, generation from device_of_token($1)" },
	[STATEMENT_DEVICE_REFRESH] = { "device_refresh", 6, WRITES,
				       "select status, user_id, device_id, channel, payload "
				       "from device_refresh($1, $2::bigint::integer, $3, $4, $5::bigint::integer, $6)" },
	[STATEMENT_DEVICE_REVOKE] = { "device_revoke", 2, WRITES, "select channel, payload from device_revoke($1, $2)" },
	[STATEMENT_ID_NEW] = { "id_new", 0, READS, "select id_new()" },
	[STATEMENT_MEMBER_ADD] = { "member_add", 3, WRITES, "select channel, payload from member_add($1, $2, $3)" },
	[STATEMENT_MEMBER_LIST] = { "member_list", 4, READS, "select member_list($1, $2, $3, $4::bigint::integer)" },
	[STATEMENT_MEMBER_REMOVE] = { "member_remove", 3, WRITES, "select channel, payload from member_remove($1, $2, $3)" },
	[STATEMENT_MEMBER_ROLE] = { "member_role", 4, WRITES, "select channel, payload from member_role($1, $2, $3, $4)" },
	[STATEMENT_MESSAGE_GET] = { "message_get", 3, READS, "select message_get($1, $2, $3)" },
	[STATEMENT_MESSAGE_LIST] = { "message_list", 6, READS, "select message_list($1, $2, $3, $4, $5, $6::bigint::integer)" },
	[STATEMENT_MESSAGE_RECEIPTS] = { "message_receipts", 5, READS, "select message_receipts($1, $2, $3, $4, $5::bigint::integer)" },
	[STATEMENT_MESSAGES_SEND] = { "messages_send", MESSAGE_BATCH_PARAMS, WRITES, MESSAGE_DRAFT_STATEMENT },
	[STATEMENT_PRESENCE_ALLOWED] = { "presence_allowed", 2, READS,
					 "select a.user_id, time_json(s.last_seen) from presence_allowed($1, $2) a left join presence_last_seen($2) s using (user_id) order by a.user_id" },
	[STATEMENT_PRESENCE_SEEN] = { "presence_seen", 1, WRITES, "select presence_seen(array[$1::bigint], array[now()])" },
	[STATEMENT_RECEIPTS_DELIVER] = { "receipts_deliver", 5, WRITES,
					 "select channel, payload from receipts_deliver(array[$1::bigint], array[$2::bigint], $3, $4, $5, null)" },
	[STATEMENT_RECEIPTS_UPDATE] = { "receipts_update", 4, WRITES, "select channel, payload from receipts_update($1, $2, $3, $4)" },
	[STATEMENT_SCHEMA_RANGE] = { "schema_range", 0, READS, "select version, oldest from schema_range()" },
	[STATEMENT_SERVER_PROBE] = { "server_probe", 0, WRITES, "select server_probe()" },
	[STATEMENT_CLOCK_STATE] = { "clock_state", 0, READS, "select clock_state()" },
	[STATEMENT_CURSOR_RESET] = { "cursor_reset", 6, READS, "select cursor_reset($1, $2, $3, $4, $5, $6), incarnation_id()" },
	/* Writes sequences alone, so its commit need not wait for a standby, which may be lost. */
	[STATEMENT_STREAM_STATE] = { "stream_state", 0, READS,
				     "select horizon, incarnation from stream_state(), set_config('synchronous_commit', 'local', true)" },
	[STATEMENT_SYNC_EVENTS] = { "sync_events", 12, READS,
				    "select conversation_id, id, event, snapshot, pass_end, is_cut::integer from sync_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::bigint::integer, $12::bigint::integer)" },
	[STATEMENT_SYNC_SNAPSHOT] = { "sync_snapshot", 2, READS, "select sync_snapshot($1, $2::bigint::integer)" },
	[STATEMENT_TICKET_CREATE] = { "ticket_create", 4, WRITES, "select ticket_create($1, $2, $3, $4::bigint::integer)" },
	[STATEMENT_TYPING_CHECK] = { "typing_check", 2, READS, "select status, member_count from typing_check($1, $2)" },
	[STATEMENT_USER_CREDENTIALS] = { "user_credentials", 2, READS,
					 "select user_id, password_hash, is_known::integer from user_credentials($1, $2)" },
	[STATEMENT_USER_FIND] = { "user_find", 4, READS, "select user_find($1, $2, $3, $4::bigint::integer)" },
	[STATEMENT_USER_GET] = { "user_get", 2, READS, "select user_get($1, $2)" },
	[STATEMENT_USER_REGISTER] = { "user_register", 8, WRITES,
				      "select device_create(u.user_id, $4, $5, $6::bigint::integer, $7, $8), u.body, u.user_id from user_register($1, $2, $3) u" },
	[STATEMENT_USER_UPDATE] = { "user_update", 2, WRITES, "select user_update($1, $2)" },
};

const struct statement_row *
statement_row(enum statement s)
{
	return &table[s];
}

struct param
param_id(int64_t id)
{
	return (struct param){ .is_number = id != 0, .number = id };
}

struct param
param_number(int64_t number)
{
	return (struct param){ .is_number = true, .number = number };
}

struct param
param_text(const char *text)
{
	return (struct param){ .text = text };
}

struct param
param_bytes(const unsigned char *bytes, int len)
{
	return (struct param){ .text = (const char *)bytes, .len = len };
}

void
params_set(struct params *out, const struct param *params, int n)
{
	assert(n <= PARAMS);
	for (int i = 0; i < n; i++) {
		const struct param *p = &params[i];
		out->values[i] = p->text;
		out->lengths[i] = p->len;
		out->formats[i] = p->len > 0;
		if (!p->is_number)
			continue;
		snprintf(out->numbers[i], NUMBER_BYTES, "%ld", (long)p->number);
		out->values[i] = out->numbers[i];
	}
}
