/* SPDX-License-Identifier: MIT */
/* Pages of missed events, read by sync_events. */
#include "push/session/replay.h"

#include "lib/base/id.h"
#include "lib/base/pg_array.h"
#include "lib/base/settings.h"
#include "push/links/result.h"

enum {
	WITHIN_MS = 10 * 1000,
	UNDER_WAY_BYTES = 512 * 1024, /* bytes that all streams together query at once */
	LIMIT_LEAST = 16,
	EVENT_BYTES = 1024, /* assumed size of an event and of a page, until some were read */
	PAGE_BYTES = 64 * 1024,
	HISTORY = 8, /* divisor by which an answer moves an estimate */
};

enum column { CONVERSATION, ID, SEQ, GONE, EVENT, SNAPSHOT, PASS_END, IS_CUT };

/* Pages that wait for their turn, and the estimated sizes. */
static struct {
	struct replay_page *first, *last;
	int64_t under_way; /* estimated bytes of the queries under way */
	int64_t event_bytes, page_bytes;
} pages = { .event_bytes = EVENT_BYTES, .page_bytes = PAGE_BYTES };

/* ---- turns */

void
replay_page_leave(struct replay_page *p)
{
	if (!p->turn)
		return;
	*(p->prev ? &p->prev->next : &pages.first) = p->next;
	*(p->next ? &p->next->prev : &pages.last) = p->prev;
	p->next = p->prev = NULL;
	p->turn = NULL;
}

static void
first_go(void)
{
	struct replay_page *p = pages.first;
	replay_page_turn *turn = p->turn;

	replay_page_leave(p);
	turn(p);
}

/* Starts pages while their bytes allow it. One page may always be under way, whatever its size. */
static void
pages_go(void)
{
	while (pages.first && (pages.under_way == 0 || pages.under_way + pages.page_bytes <= UNDER_WAY_BYTES))
		first_go();
}

void
replay_page_wait(struct replay_page *p, replay_page_turn *turn)
{
	p->turn = turn;
	p->next = NULL;
	p->prev = pages.last;
	*(p->prev ? &p->prev->next : &pages.first) = p;
	pages.last = p;
	pages_go();
}

/* ---- queries */

static void
expect(int64_t *expected, int64_t came)
{
	*expected += (came - *expected) / HISTORY;
}

static void
pages_weigh(const PGresult *result)
{
	int rows = result_rows(result);
	int64_t bytes = 0;

	for (int row = 0; row < rows; row++)
		bytes += result_length(result, row, EVENT);
	if (rows)
		expect(&pages.event_bytes, bytes / rows);
	expect(&pages.page_bytes, bytes);
}

/*
 * Takes an answer. Without one, all waiting pages start at once: db.c decides how long a query
 * waits for an unavailable database.
 */
static void
page_reply(void *context, PGresult *result)
{
	struct replay_page *p = context;

	pages.under_way -= p->weight;
	if (result)
		pages_weigh(result);
	p->reply(p->context, result); /* it may free the page */
	while (!result && pages.first)
		first_go();
	pages_go();
}

/* Returns the number of rows that fit into a page, by the estimated size of an event. */
static int
limit_guess(void)
{
	int64_t rows = settings.push_replay_bytes / (pages.event_bytes + 1);

	if (rows < LIMIT_LEAST)
		rows = LIMIT_LEAST;
	return (int)(rows < settings.push_replay_page ? rows : settings.push_replay_page);
}

void
replay_page_ask(struct replay_page *p, int64_t user, const struct cursor *from, int64_t horizon, db_reply *reply, void *context)
{
	char user_text[ID_TEXT_BYTES], base[ID_TEXT_BYTES], limit[ID_TEXT_BYTES], bytes[ID_TEXT_BYTES];
	char end[ID_TEXT_BYTES], pass_conversation[ID_TEXT_BYTES], pass_id[ID_TEXT_BYTES];
	struct cursor_pass pass = from ? from->pass : (struct cursor_pass){ 0 };
	struct pg_array conversations = { 0 }, ids = { 0 }, reads = { 0 }, read_conversations = { 0 }, snapshots = { 0 };
	char snapshot[CURSOR_SNAPSHOT_BYTES];
	bool has_reads = from && from->reads_count;

	for (int i = 0; from && i < from->count; i++) {
		pg_array_add(&conversations, from->exceptions[i].conversation);
		pg_array_add(&ids, from->exceptions[i].id);
	}
	for (int i = 0; from && i < from->reads_count; i++) {
		pg_array_add(&reads, from->reads[i].id);
		pg_array_add(&read_conversations, from->reads[i].conversation);
		cursor_snapshot_text(&from->reads[i].snapshot, snapshot);
		pg_array_add_string(&snapshots, snapshot);
	}
	if (from)
		id_text(from->base, base);
	if (!p->limit)
		p->limit = limit_guess();
	if (p->most && p->limit > p->most)
		p->limit = p->most;
	p->reply = reply;
	p->context = context;
	p->weight = (uint32_t)pages.page_bytes;
	pages.under_way += p->weight;
	id_text(user, user_text);
	id_text(p->limit, limit);
	id_text(settings.push_replay_bytes, bytes);
	id_text(pass.end ? pass.end : horizon, end);
	id_text(pass.conversation, pass_conversation);
	id_text(pass.id, pass_id);
	p->pass_end = pass.end;
	const char *params[] = {
		user_text,
		from ? base : NULL,
		pg_array_text(&conversations),
		pg_array_text(&ids),
		has_reads ? pg_array_text(&reads) : NULL,
		has_reads ? pg_array_text(&read_conversations) : NULL,
		has_reads ? pg_array_text(&snapshots) : NULL,
		end,
		pass.end ? pass_conversation : NULL,
		pass.end ? pass_id : NULL,
		limit,
		bytes,
	};
	db_query(QUERY_SYNC, params, WITHIN_MS, page_reply, p);
	pg_array_free(&conversations);
	pg_array_free(&ids);
	pg_array_free(&reads);
	pg_array_free(&read_conversations);
	pg_array_free(&snapshots);
}

/* ---- answers */

/*
 * Returns how many rows are kept: at least one, and only as many bytes as a page may have. The
 * others are queried again.
 */
static int
rows_kept(const PGresult *result)
{
	long bytes = 0;
	int rows = 0;

	for (; rows < result_rows(result); rows++) {
		bytes += result_length(result, rows, EVENT);
		if (rows > 0 && bytes > settings.push_replay_bytes)
			break;
	}
	return rows;
}

static struct event *
row_event(const PGresult *result, int row)
{
	return event_durable(result_int(result, row, CONVERSATION), result_int(result, row, ID), result_int(result, row, SEQ),
			     result_removed_user(result, row, GONE), result_text(result, row, EVENT), result_length(result, row, EVENT));
}

void
replay_page_take(struct replay_page *p, const PGresult *result)
{
	int rows = result_rows(result), kept = rows_kept(result);

	p->rows = rows;
	p->has_snapshot = rows && cursor_snapshot_parse(result_text(result, 0, SNAPSHOT), &p->snapshot);
	p->is_cut = rows == p->limit || kept < rows || (rows && result_int(result, 0, IS_CUT));
	if (rows)
		p->pass_end = result_is_null(result, 0, PASS_END) ? 0 : result_int(result, 0, PASS_END);
	p->is_last = !p->is_cut && !p->pass_end;
	p->limit = kept < rows ? kept + 1 : limit_guess();
	for (int i = 0; i < kept; i++)
		event_list_add(&p->events, row_event(result, i));
}

void
replay_page_none(struct replay_page *p)
{
	*p = (struct replay_page){ .is_last = true };
}
