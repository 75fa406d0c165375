/* SPDX-License-Identifier: MIT */
/* What a client begins with, and what it has missed (docs/architecture.md, "The cursor"). */
#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "call.h"
#include "handlers.h"
#include "input.h"
#include "lib/cursor.h"
#include "lib/identifier.h"
#include "receipts.h"

struct sync_input {
	const char *since;
	int64_t limit;
};

static const struct field sync_parameters[] = {
	{ "since", FIELD_TEXT, OPTIONAL, 1, LIMIT_CURSOR_BYTES, .offset = offsetof(struct sync_input, since) },
	{ "limit", FIELD_NUMBER, OPTIONAL, 1, LIMIT_PAGE, .offset = offsetof(struct sync_input, limit) },
	{ 0 },
};

/*
 * An id below which nothing can appear any more. What is read in a later statement has everything below it: so this comes first, and what it
 * gave is the base of the cursor. 0: the reply has been made.
 */
static int64_t
horizon_read(struct request *r)
{
	struct rows *rows = call(r, STATEMENT_STREAM_HORIZON);

	return rows ? rows_number(rows, 0, 0) : 0;
}

static void
put_cursor(struct text *body, const struct cursor *c)
{
	char text[LIMIT_CURSOR_BYTES + 1];

	cursor_text(c->base, c->exceptions, c->count, text);
	text_printf(body, ",\"cursor\":\"%s\"", text);
}

static int64_t
json_id(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	int64_t id = 0;

	return text && identifier_parse(text, strlen(text), &id) ? id : 0;
}

/* The snapshot shows these conversations as they are up to their activity_id, which may be beyond the horizon. */
static void
snapshot_note(const char *snapshot, struct cursor *c)
{
	json_t *json = json_loads(snapshot, 0, NULL);
	json_t *conversation;
	size_t i;

	json_array_foreach(json_object_get(json, "conversations"), i, conversation)
		cursor_advance(c, json_id(conversation, "id"), json_id(conversation, "activity_id"));
	json_decref(json);
}

static enum reply
reply_snapshot(struct request *r, const char *reset, int64_t limit)
{
	struct text body = { .arena = &r->arena };
	struct cursor c = { .base = horizon_read(r) };
	char now[TIME_TEXT_BYTES];

	if (!c.base)
		return REPLIED;
	struct rows *rows = call(r, STATEMENT_SYNC_SNAPSHOT, param_id(r->user), param_number(limit));
	if (!rows)
		return REPLIED;
	const char *snapshot = rows_text(rows, 0, 0);
	snapshot_note(snapshot, &c);
	text_puts(&body, "{");
	if (reset)
		text_printf(&body, "\"reset\":\"%s\",", reset);
	text_add(&body, snapshot + 1, strlen(snapshot) - 2);
	put_cursor(&body, &c);
	time_text(time_now_ms(), now);
	text_printf(&body, ",\"server_time\":\"%s\"}", now);
	return reply_json(r, 200, body.bytes);
}

static int64_t
lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The event with the cursor of who has got it, in the place of its last brace. */
static void
put_event(struct text *body, const char *event, const struct cursor *c)
{
	text_add(body, event, strlen(event) - 1);
	put_cursor(body, c);
	text_puts(body, "}");
}

/*
 * The events come in the order of (id, conversation). So once one of them is reached, everything below its id has been given, and the base may
 * follow it, as far as the horizon: the cursor stays small, and exact. A page that ends early has everything below the first that it leaves out.
 */
static enum reply
reply_missed(struct request *r, struct cursor *c, int64_t limit)
{
	struct text body = { .arena = &r->arena };
	int64_t conversations[CURSOR_EXCEPTIONS], ids[CURSOR_EXCEPTIONS];
	int64_t horizon = horizon_read(r);

	if (!horizon)
		return REPLIED;
	for (int i = 0; i < c->count; i++) {
		conversations[i] = c->exceptions[i].conversation;
		ids[i] = c->exceptions[i].id;
	}
	struct rows *rows =
		call(r, STATEMENT_SYNC_EVENTS, param_id(r->user), param_number(c->base), param_text(ids_text(&r->arena, conversations, c->count)),
		     param_text(ids_text(&r->arena, ids, c->count)), param_number(limit + 1));
	if (!rows)
		return REPLIED;
	int count = rows_count(rows);
	bool more = count > limit;
	text_puts(&body, "{\"events\":[");
	for (int i = 0; i < count - more; i++) {
		int64_t id = rows_number(rows, i, 1);
		cursor_rebase(c, lesser(id, horizon));
		cursor_advance(c, rows_number(rows, i, 0), id);
		if (i > 0)
			text_puts(&body, ",");
		put_event(&body, rows_text(rows, i, 2), c);
	}
	cursor_rebase(c, more ? lesser(rows_number(rows, count - 1, 1), horizon) : horizon);
	text_puts(&body, "]");
	put_cursor(&body, c);
	text_printf(&body, ",\"has_more\":%s}", more ? "true" : "false");
	return reply_json(r, 200, body.bytes);
}

/*
 * A snapshot without a cursor, what was missed with one.
 * 200 with user, conversations and cursor; or with events and cursor; or, when the cursor cannot be resumed, the snapshot and the reason in reset.
 * What the cursor covers counts as delivered. 422 invalid_cursor.
 */
enum reply
get_sync(struct request *r)
{
	struct sync_input in = { .limit = LIMIT_PAGE_DEFAULT };
	struct cursor c;

	if (!parameters_read(r, sync_parameters, &in))
		return REPLIED;
	if (!in.since)
		return reply_snapshot(r, NULL, in.limit);
	if (!cursor_parse(in.since, strlen(in.since), &c))
		return reply_error(r, ERROR_INVALID_CURSOR);
	struct rows *rows = call(r, STATEMENT_SYNC_RESET, param_number(c.base));
	if (!rows)
		return REPLIED;
	if (rows_text(rows, 0, 0))
		return reply_snapshot(r, rows_text(rows, 0, 0), in.limit);
	if (!receipts_deliver(r, &c))
		return REPLIED;
	return reply_missed(r, &c, in.limit);
}
