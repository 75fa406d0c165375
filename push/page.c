/* SPDX-License-Identifier: MIT */
/* Pages of sync_events. */
#include "page.h"

#include "../lib/array.h"
#include "../lib/identifier.h"
#include "../lib/settings.h"
#include "result.h"

enum { WITHIN_MS = 10 * 1000 };

enum column { CONVERSATION, ID, SEQ, GONE, EVENT };

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
		p->limit = (int)settings.push_replay_page;
	identifier_text(user, user_text);
	identifier_text(p->limit, limit);
	const char *params[] = { user_text, from ? base : NULL, array_text(&conversations), array_text(&ids), limit };
	store_ask(STORE_SYNC, params, WITHIN_MS, reply, context);
	array_free(&conversations);
	array_free(&ids);
}

/* How many rows are kept: no more bytes than a queue may hold, but one row always. What is cut off is asked for again. */
static int
rows_kept(const PGresult *result)
{
	long bytes = 0;
	int rows = 0;

	for (; rows < PQntuples(result); rows++) {
		bytes += PQgetlength(result, rows, EVENT);
		if (rows > 0 && bytes > settings.push_queue_bytes)
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
	p->limit = kept < rows ? kept + 1 : (int)settings.push_replay_page;
	for (int i = 0; i < kept; i++)
		event_list_add(&p->events, row_event(result, i));
}

void
page_none(struct page *p)
{
	*p = (struct page){ .is_last = true };
}
