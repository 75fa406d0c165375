/* SPDX-License-Identifier: MIT */
/* Memberships: the questions of a turn joined to one, and its rows handed back to those who asked. */
#include "memberships.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/array.h"
#include "../lib/memory.h"
#include "loop.h"
#include "store.h"

enum { TOGETHER_MOST = 64, WITHIN_MS = 10 * 1000 };

enum column { NUMBER, STATUS, RESET, CONVERSATION, ENDED, LAST_SEQ, LAST_ID, MEMBER_COUNT, DELIVERED };

struct asker {
	int64_t user, device, base;
	memberships_reply *reply;
	void *context;
};

/* One question, for so many. */
struct group {
	struct group *next;
	int64_t expires_ms;
	int count;
	struct asker askers[TOGETHER_MOST];
};

static struct group *open; /* what this turn asks, the last one first */

void
memberships_ask(int64_t user, int64_t device, int64_t base, memberships_reply *reply, void *context)
{
	if (!open || open->count == TOGETHER_MOST) {
		struct group *g = memory_resize(NULL, sizeof *g);
		g->next = open;
		g->count = 0;
		open = g;
	}
	open->askers[open->count++] = (struct asker){ user, device, base, reply, context };
}

struct membership
memberships_get(const struct memberships *m, int i)
{
	int row = m->first + i;

	return (struct membership){
		.conversation = store_int(m->result, row, CONVERSATION),
		.ended = store_bool(m->result, row, ENDED),
		.seq = store_int(m->result, row, LAST_SEQ),
		.id = store_int(m->result, row, LAST_ID),
		.members = (uint32_t)store_int(m->result, row, MEMBER_COUNT),
		.delivered = store_bool(m->result, row, DELIVERED),
	};
}

/* The rows of the asker with this number, from *row on, which moves behind them. */
static struct memberships
memberships_of(const PGresult *result, int64_t number, int *row)
{
	struct memberships m = { .result = result, .first = *row };

	while (*row < PQntuples(result) && store_int(result, *row, NUMBER) == number)
		++*row;
	if (*row == m.first)
		return m;
	m.good = strcmp(PQgetvalue(result, m.first, STATUS), "ok") == 0;
	m.reset = PQgetisnull(result, m.first, RESET) ? NULL : PQgetvalue(result, m.first, RESET);
	m.count = PQgetisnull(result, m.first, CONVERSATION) ? 0 : *row - m.first;
	return m;
}

static void group_ask(struct group *g);

/* Whoever it is that the question fails for, the others shall have their answer: each asks alone. */
static void
group_split(struct group *g)
{
	for (int i = 0; i < g->count; i++) {
		struct group *one = memory_resize(NULL, sizeof *one);
		one->expires_ms = g->expires_ms;
		one->count = 1;
		one->askers[0] = g->askers[i];
		group_ask(one);
	}
}

static void
group_reply(void *context, PGresult *result)
{
	struct group *g = context;
	int row = 0;

	if (!result && g->count > 1 && loop_now() < g->expires_ms) {
		group_split(g);
		free(g);
		return;
	}
	for (int i = 0; i < g->count; i++) {
		struct memberships m = { .good = false };
		if (result)
			m = memberships_of(result, i + 1, &row);
		g->askers[i].reply(g->askers[i].context, result ? &m : NULL);
	}
	free(g);
}

static void
group_ask(struct group *g)
{
	struct array users = { 0 }, devices = { 0 }, bases = { 0 };

	for (int i = 0; i < g->count; i++) {
		array_add(&users, g->askers[i].user);
		array_add(&devices, g->askers[i].device);
		if (g->askers[i].base == MEMBERSHIPS_NO_BASE)
			array_add_string(&bases, NULL);
		else
			array_add(&bases, g->askers[i].base);
	}
	const char *params[] = { array_text(&users), array_text(&devices), array_text(&bases) };
	store_ask(STORE_OPEN, params, g->expires_ms - loop_now(), group_reply, g);
	array_free(&users);
	array_free(&devices);
	array_free(&bases);
}

void
memberships_turn_end(void)
{
	struct group *next;

	for (struct group *g = open; g; g = next) {
		next = g->next;
		g->expires_ms = loop_now() + WITHIN_MS;
		group_ask(g);
	}
	open = NULL;
}
