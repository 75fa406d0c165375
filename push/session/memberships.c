/* SPDX-License-Identifier: MIT */
/* Memberships: joins the queries of a turn to one, and passes each row to its caller. */
#include "push/session/memberships.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/pg_array.h"
#include "push/links/db.h"
#include "push/links/result.h"
#include "push/net/loop.h"

enum { TOGETHER_MOST = 64, WITHIN_MS = 10 * 1000 };

enum column { STATUS, RESET, CONVERSATIONS, ENDED, LAST_SEQS, LAST_IDS, MEMBER_COUNTS, DELIVERED };

struct asker {
	int64_t user, device, base;
	memberships_reply *reply;
	void *context;
};

/* One query for several streams. */
struct group {
	int64_t expires_ms;
	int count;
	struct asker askers[TOGETHER_MOST];
};

static struct group *open; /* query that this turn is gathering */

static struct group *
group_new(int64_t expires_ms)
{
	struct group *g = memory_resize(NULL, sizeof *g);

	g->expires_ms = expires_ms;
	g->count = 0;
	return g;
}

void
memberships_ask(int64_t user, int64_t device, int64_t base, memberships_reply *reply, void *context)
{
	if (!open)
		open = group_new(loop_now() + WITHIN_MS);
	open->askers[open->count++] = (struct asker){ user, device, base, reply, context };
	if (open->count == TOGETHER_MOST)
		memberships_turn_end();
}

struct membership
memberships_get(const struct memberships *m, int i)
{
	return (struct membership){
		.conversation = result_element(&m->conversations, i),
		.ended = result_element(&m->ended, i),
		.seq = result_element(&m->last_seqs, i),
		.id = result_element(&m->last_ids, i),
		.members = (uint32_t)result_element(&m->member_counts, i),
		.delivered = result_element(&m->delivered, i),
	};
}

static struct memberships
memberships_of(const PGresult *result, int row)
{
	struct memberships m = {
		.good = strcmp(result_text(result, row, STATUS), "ok") == 0,
		.reset = result_is_null(result, row, RESET) ? NULL : result_text(result, row, RESET),
		.conversations = result_array(result, row, CONVERSATIONS),
		.ended = result_array(result, row, ENDED),
		.last_seqs = result_array(result, row, LAST_SEQS),
		.last_ids = result_array(result, row, LAST_IDS),
		.member_counts = result_array(result, row, MEMBER_COUNTS),
		.delivered = result_array(result, row, DELIVERED),
	};

	m.count = m.conversations.count;
	return m;
}

static void group_ask(struct group *g);

/* Queries each user of a failed group alone, so that one bad user does not fail the others. */
static void
group_split(struct group *g)
{
	for (int i = 0; i < g->count; i++) {
		struct group *one = group_new(g->expires_ms);
		one->askers[one->count++] = g->askers[i];
		group_ask(one);
	}
}

static void
group_reply(void *context, PGresult *result)
{
	struct group *g = context;

	if (!result && g->count > 1 && loop_now() < g->expires_ms) {
		group_split(g);
		free(g);
		return;
	}
	assert(!result || result_rows(result) == g->count);
	for (int i = 0; i < g->count; i++) {
		struct memberships m = { .good = false };
		if (result)
			m = memberships_of(result, i);
		g->askers[i].reply(g->askers[i].context, result ? &m : NULL);
	}
	free(g);
}

static void
group_ask(struct group *g)
{
	struct pg_array users = { 0 }, devices = { 0 }, bases = { 0 };

	for (int i = 0; i < g->count; i++) {
		pg_array_add(&users, g->askers[i].user);
		pg_array_add(&devices, g->askers[i].device);
		if (g->askers[i].base == MEMBERSHIPS_NO_BASE)
			pg_array_add_string(&bases, NULL);
		else
			pg_array_add(&bases, g->askers[i].base);
	}
	const char *params[] = { pg_array_text(&users), pg_array_text(&devices), pg_array_text(&bases) };
	db_query(QUERY_OPEN, params, g->expires_ms - loop_now(), group_reply, g);
	pg_array_free(&users);
	pg_array_free(&devices);
	pg_array_free(&bases);
}

void
memberships_turn_end(void)
{
	if (open)
		group_ask(open);
	open = NULL;
}
