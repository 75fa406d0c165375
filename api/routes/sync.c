/* SPDX-License-Identifier: MIT */
/*
 * Snapshots for the start of a client, and pages of missed events (docs/architecture.md, section
 * 5).
 */
#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "api/http/db_call.h"
#include "api/http/input.h"
#include "api/routes/handlers.h"
#include "api/routes/receipts.h"
#include "lib/base/clock.h"
#include "lib/base/id.h"
#include "lib/chat/cursor.h"

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
 * Reads a horizon and the database's incarnation. No event can be committed below the horizon any
 * more, so a later statement sees every event below it. That is why the horizon is read first and
 * becomes the cursor's base. Returns 0 when it has replied.
 */
static int64_t
horizon_read(struct request *r, int64_t *incarnation)
{
	struct rows *rows = db_call(r, STATEMENT_STREAM_STATE);

	if (rows)
		*incarnation = rows_number(rows, 0, 1);
	return rows ? rows_number(rows, 0, 0) : 0;
}

static void
put_cursor(struct text *body, const struct cursor *c)
{
	char text[LIMIT_CURSOR_BYTES + 1];

	cursor_text(c, text);
	text_printf(body, ",\"cursor\":\"%s\"", text);
}

static int64_t
json_id(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	int64_t id = 0;

	return text && id_parse(text, strlen(text), &id) ? id : 0;
}

/* Covers the conversations of a snapshot up to their last_id, which may be above the horizon. */
static void
snapshot_note(const char *snapshot, struct cursor *c)
{
	json_t *json = json_loads(snapshot, 0, NULL);
	json_t *conversation;
	size_t i;

	json_array_foreach(json_object_get(json, "conversations"), i, conversation)
		cursor_advance(c, json_id(conversation, "id"), json_id(conversation, "last_id"));
	json_decref(json);
}

static enum reply
reply_snapshot(struct request *r, const char *reset, int64_t limit)
{
	struct text body = { .arena = &r->arena };
	struct cursor c = { 0 };
	char now[CLOCK_TEXT_BYTES];

	c.base = horizon_read(r, &c.incarnation);
	if (!c.base)
		return REPLIED;
	struct rows *rows = db_call(r, STATEMENT_SYNC_SNAPSHOT, param_id(r->user), param_number(limit));
	if (!rows)
		return REPLIED;
	const char *snapshot = rows_text(rows, 0, 0);
	snapshot_note(snapshot, &c);
	text_puts(&body, "{");
	if (reset)
		text_printf(&body, "\"reset\":\"%s\",", reset);
	text_add(&body, snapshot + 1, strlen(snapshot) - 2);
	put_cursor(&body, &c);
	clock_text(clock_wall_ms(), now);
	text_printf(&body, ",\"server_time\":\"%s\"}", now);
	return reply_json(r, 200, body.bytes);
}

static int64_t
lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The columns of the statement of sync_events. */
enum missed { MISSED_CONVERSATION, MISSED_ID, MISSED_EVENT, MISSED_SNAPSHOT, MISSED_PASS_END, MISSED_IS_CUT };

/* Adds an event. The cursor that covers the event takes the place of its last brace. */
static void
put_event(struct text *body, const char *event, const struct cursor *c)
{
	text_add(body, event, strlen(event) - 1);
	put_cursor(body, c);
	text_puts(body, "}");
}

/*
 * Reads the events that the cursor does not cover, up to one more than the limit. That one says
 * that more exist. The database ends a page of long events earlier, and says so in is_cut. Returns
 * NULL when it has replied.
 */
static struct rows *
missed_read(struct request *r, const struct cursor *c, int64_t horizon, int64_t limit)
{
	int64_t conversations[CURSOR_EXCEPTIONS], ids[CURSOR_EXCEPTIONS], reads[CURSOR_READS], read_conversations[CURSOR_READS];
	char snapshot[CURSOR_SNAPSHOT_BYTES];
	struct text snapshots = { .arena = &r->arena };

	for (int i = 0; i < c->count; i++) {
		conversations[i] = c->exceptions[i].conversation;
		ids[i] = c->exceptions[i].id;
	}
	for (int i = 0; i < c->reads_count; i++) {
		reads[i] = c->reads[i].id;
		read_conversations[i] = c->reads[i].conversation;
		cursor_snapshot_text(&c->reads[i].snapshot, snapshot);
		text_printf(&snapshots, "%s\"%s\"", i ? "," : "{", snapshot);
	}
	bool has_reads = c->reads_count > 0;
	if (has_reads)
		text_puts(&snapshots, "}");
	return db_call(r, STATEMENT_SYNC_EVENTS, param_id(r->user), param_number(c->base), param_text(ids_text(&r->arena, conversations, c->count)),
		       param_text(ids_text(&r->arena, ids, c->count)), param_text(has_reads ? ids_text(&r->arena, reads, c->reads_count) : NULL),
		       param_text(has_reads ? ids_text(&r->arena, read_conversations, c->reads_count) : NULL),
		       param_text(has_reads ? snapshots.bytes : NULL), param_id(c->pass.end ? c->pass.end : horizon),
		       c->pass.end ? param_id(c->pass.conversation) : param_text(NULL), c->pass.end ? param_id(c->pass.id) : param_text(NULL),
		       param_number(limit + 1), param_number(LIMIT_PAGE_BYTES));
}

/*
 * Covers event i of a page without a pass. The events have the order of (id, conversation). So when
 * one is reached, all events below its id have been delivered. The base may then follow it up to
 * the horizon, which keeps the cursor small and exact. Above the horizon a cursor may lack room for
 * all conversations. A place of reading then replaces exceptions, so each page makes progress.
 */
static void
missed_note(struct cursor *c, const struct rows *rows, int i, int64_t horizon)
{
	int64_t conversation = rows_number(rows, i, MISSED_CONVERSATION), id = rows_number(rows, i, MISSED_ID);
	struct cursor_snapshot snapshot;

	cursor_rebase(c, lesser(id, horizon));
	if (cursor_snapshot_parse(rows_text(rows, i, MISSED_SNAPSHOT), &snapshot))
		cursor_advance_read(c, conversation, id, &snapshot);
	else
		cursor_advance(c, conversation, id);
}

/* Counts the events that fit into a page, by count and by bytes. The first event always fits. */
static int
page_count(const struct rows *rows, int64_t limit)
{
	size_t bytes = 0;
	int count = 0;

	for (; count < rows_count(rows) && count < limit; count++) {
		bytes += strlen(rows_text(rows, count, MISSED_EVENT));
		if (count > 0 && bytes > LIMIT_PAGE_BYTES)
			break;
	}
	return count;
}

/* Returns the id up to which a page that leaves out events has all of them. */
static int64_t
page_end(const struct rows *rows, int count)
{
	return rows_number(rows, count < rows_count(rows) ? count : count - 1, MISSED_ID);
}

/*
 * Replies with a page. A cut page covers all events below the first one that it omits or, when the
 * database omitted it, below the last one that it has. The last page of a pass covers all events
 * below the end of the pass, and more pages follow.
 */
static enum reply
reply_page(struct request *r, struct cursor *c, const struct rows *rows, int64_t horizon, int64_t limit)
{
	struct text body = { .arena = &r->arena };
	int count = page_count(rows, limit);
	bool is_cut = count < rows_count(rows) || (count && rows_number(rows, 0, MISSED_IS_CUT));
	int64_t end = count && rows_text(rows, 0, MISSED_PASS_END) ? rows_number(rows, 0, MISSED_PASS_END) : c->pass.end;

	text_puts(&body, "{\"events\":[");
	for (int i = 0; i < count; i++) {
		if (end)
			cursor_advance_pass(c, rows_number(rows, i, MISSED_CONVERSATION), rows_number(rows, i, MISSED_ID), end);
		else
			missed_note(c, rows, i, horizon);
		if (i > 0)
			text_puts(&body, ",");
		put_event(&body, rows_text(rows, i, MISSED_EVENT), c);
	}
	if (!end)
		cursor_rebase(c, is_cut ? lesser(page_end(rows, count), horizon) : horizon);
	else if (!is_cut)
		cursor_rebase(c, end);
	text_puts(&body, "]");
	put_cursor(&body, c);
	text_printf(&body, ",\"has_more\":%s}", is_cut || end ? "true" : "false");
	return reply_json(r, 200, body.bytes);
}

static enum reply
reply_missed(struct request *r, struct cursor *c, int64_t limit)
{
	int64_t incarnation, horizon = horizon_read(r, &incarnation);

	if (!horizon)
		return REPLIED;
	if (incarnation != c->incarnation)
		/* a failover since the cursor was judged: the client repeats its request */
		return reply_error(r, ERROR_UNAVAILABLE);
	struct rows *rows = missed_read(r, c, horizon, limit);

	return rows ? reply_page(r, c, rows, horizon, limit) : REPLIED;
}

/*
 * Judges a cursor. Returns a row with the reason why it cannot be resumed, or null. Returns NULL
 * when it has replied. A cursor that can be resumed gets the current incarnation.
 */
static struct rows *
cursor_judge(struct request *r, struct cursor *c)
{
	int64_t conversations[CURSOR_EXCEPTIONS], ids[CURSOR_EXCEPTIONS];

	for (int i = 0; i < c->count; i++) {
		conversations[i] = c->exceptions[i].conversation;
		ids[i] = c->exceptions[i].id;
	}
	struct rows *rows = db_call(r, STATEMENT_CURSOR_RESET, param_number(c->incarnation), param_number(c->base), param_number(cursor_horizon(c)),
				    param_number(cursor_reach(c)), param_text(ids_text(&r->arena, conversations, c->count)),
				    param_text(ids_text(&r->arena, ids, c->count)));
	if (rows)
		c->incarnation = rows_number(rows, 0, 1);
	return rows;
}

/*
 * Returns a snapshot without a cursor, or the missed events with one.
 * 200 with user, conversations and cursor; or with events and cursor; or with the snapshot and the
 * reason in reset, when the cursor cannot be resumed.
 * Events that the cursor covers count as delivered. 422 invalid_cursor.
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
	struct rows *rows = cursor_judge(r, &c);
	if (!rows)
		return REPLIED;
	if (rows_text(rows, 0, 0))
		return reply_snapshot(r, rows_text(rows, 0, 0), in.limit);
	if (!receipts_deliver(r, &c))
		return REPLIED;
	return reply_missed(r, &c, in.limit);
}
