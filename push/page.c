/* SPDX-License-Identifier: MIT */
/* Pages of sync_events. */
#include "page.h"

#include "../lib/array.h"
#include "../lib/identifier.h"
#include "../lib/settings.h"
#include "result.h"

enum {
	WITHIN_MS = 10 * 1000,
	UNDER_WAY_BYTES = 512 * 1024, /* that the database is asked for at once, for all streams */
	LIMIT_LEAST = 16,
	EVENT_BYTES = 1024, /* what an event and a page weigh, until some have been read */
	PAGE_BYTES = 64 * 1024,
	HISTORY = 8, /* of what was expected so much, of what came one part */
};

enum column { CONVERSATION, ID, SEQ, GONE, EVENT };

/* Those who wait for their turn, and what to expect of a page. */
static struct {
	struct page *first, *last;
	int64_t under_way; /* bytes */
	int64_t event_bytes, page_bytes;
} pages = { .event_bytes = EVENT_BYTES, .page_bytes = PAGE_BYTES };

/* ---- turns */

void
page_leave(struct page *p)
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
	struct page *p = pages.first;
	page_turn *turn = p->turn;

	page_leave(p);
	turn(p);
}

/* One may be under way always, however much it weighs. */
static void
pages_go(void)
{
	while (pages.first && (pages.under_way == 0 || pages.under_way + pages.page_bytes <= UNDER_WAY_BYTES))
		first_go();
}

void
page_wait(struct page *p, page_turn *turn)
{
	p->turn = turn;
	p->next = NULL;
	p->prev = pages.last;
	*(p->prev ? &p->prev->next : &pages.first) = p;
	pages.last = p;
	pages_go();
}

/* ---- questions */

static void
expect(int64_t *expected, int64_t came)
{
	*expected += (came - *expected) / HISTORY;
}

static void
pages_weigh(const PGresult *result)
{
	int rows = PQntuples(result);
	int64_t bytes = 0;

	for (int row = 0; row < rows; row++)
		bytes += PQgetlength(result, row, EVENT);
	if (rows)
		expect(&pages.event_bytes, bytes / rows);
	expect(&pages.page_bytes, bytes);
}

/* Without an answer nobody's turn is waited for: how long a question waits for a database that is away is for the store to say. */
static void
page_reply(void *context, PGresult *result)
{
	struct page *p = context;

	pages.under_way -= p->weight;
	if (result)
		pages_weigh(result);
	p->reply(p->context, result); /* the page may be gone after it */
	while (!result && pages.first)
		first_go();
	pages_go();
}

/* As many rows as a page may have bytes for, by what events weigh. */
static int
limit_guess(void)
{
	int64_t rows = settings.push_replay_bytes / (pages.event_bytes + 1);

	if (rows < LIMIT_LEAST)
		rows = LIMIT_LEAST;
	return (int)(rows < settings.push_replay_page ? rows : settings.push_replay_page);
}

void
page_ask(struct page *p, int64_t user, const struct cursor *from, store_reply *reply, void *context)
{
	char user_text[IDENTIFIER_BYTES], base[IDENTIFIER_BYTES], limit[IDENTIFIER_BYTES];
	struct array conversations = { 0 }, ids = { 0 };

	for (int i = 0; from && i < from->count; i++) {
		array_add(&conversations, from->exceptions[i].conversation);
		array_add(&ids, from->exceptions[i].id);
	}
	if (from)
		identifier_text(from->base, base);
	if (!p->limit)
		p->limit = limit_guess();
	p->reply = reply;
	p->context = context;
	p->weight = (uint32_t)pages.page_bytes;
	pages.under_way += p->weight;
	identifier_text(user, user_text);
	identifier_text(p->limit, limit);
	const char *params[] = { user_text, from ? base : NULL, array_text(&conversations), array_text(&ids), limit };
	store_ask(STORE_SYNC, params, WITHIN_MS, page_reply, p);
	array_free(&conversations);
	array_free(&ids);
}

/* ---- answers */

/* How many rows are kept: no more bytes than a page may have, but one row always. What is cut off is asked for again. */
static int
rows_kept(const PGresult *result)
{
	long bytes = 0;
	int rows = 0;

	for (; rows < PQntuples(result); rows++) {
		bytes += PQgetlength(result, rows, EVENT);
		if (rows > 0 && bytes > settings.push_replay_bytes)
			break;
	}
	return rows;
}

static struct event *
row_event(const PGresult *result, int row)
{
	return event_durable(result_int(result, row, CONVERSATION), result_int(result, row, ID), result_int(result, row, SEQ),
			     result_gone(result, row, GONE), PQgetvalue(result, row, EVENT), (size_t)PQgetlength(result, row, EVENT));
}

void
page_take(struct page *p, const PGresult *result)
{
	int rows = PQntuples(result), kept = rows_kept(result);

	p->rows = rows;
	p->is_last = rows < p->limit && kept == rows;
	p->limit = kept < rows ? kept + 1 : limit_guess();
	for (int i = 0; i < kept; i++)
		event_list_add(&p->events, row_event(result, i));
}

void
page_none(struct page *p)
{
	*p = (struct page){ .is_last = true };
}
