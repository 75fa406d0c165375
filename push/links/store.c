/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL in the event loop. One lane reads, one writes, one is for revocations and the horizon,
 * and several send messages.
 */
#include "push/links/store.h"

#include "push/links/lane.h"
#include "push/links/question.h"
#include "push/links/statements.h"
#include "push/net/loop.h"
#include "push/net/metrics.h"

#include "lib/links/sqlstate.h"

enum {
	CHECK_EACH_MS = 500,
	SLOW_US = 1000 * 1000,
	LANES = SENDING + STORE_SENDERS,
};

static struct lane lanes[LANES];
static struct timer checking;

/*
 * Returns the lane of a statement. Of those that send messages, it takes the one with the least
 * work.
 */
static struct lane *
lane_of(enum store_statement statement)
{
	struct lane *best = &lanes[statements[statement].lane];

	if (statement == STORE_SEND)
		for (struct lane *l = best + 1; l < lanes + LANES; l++)
			if (lane_load(l) < lane_load(best))
				best = l;
	return best;
}

void
store_ask(enum store_statement statement, const char *const *params, int64_t within_ms, store_reply *reply, void *context)
{
	struct question *q = question_new(statement, params, reply, context);

	q->expires_ms = loop_now() + within_ms;
	q->alone = statement == STORE_SEND;
	metrics.database_queries++;
	questions_add(&lane_of(statement)->waiting, q);
}

static void
check(struct timer *t)
{
	for (int i = 0; i < LANES; i++)
		lane_check(&lanes[i]);
	timer_start(t, CHECK_EACH_MS);
}

void
store_open(void)
{
	static const char *const applications[] = { "banter-push-read", "banter-push-write", "banter-push-tend", "banter-push-send" };
	static const enum lane_kind kinds[] = { [READING] = LANE_DROPPED, [WRITING] = LANE_KEPT, [TENDING] = LANE_DROPPED, [SENDING] = LANE_PATIENT };

	for (int i = 0; i < LANES; i++)
		lane_open(&lanes[i], applications[i < SENDING ? i : SENDING], i < SENDING ? kinds[i] : kinds[SENDING]);
	checking.fire = check;
	timer_start(&checking, CHECK_EACH_MS);
}

bool
store_is_up(void)
{
	return lanes[READING].state == LANE_READY && lanes[WRITING].state == LANE_READY && store_tends();
}

bool
store_tends(void)
{
	return lanes[TENDING].state == LANE_READY;
}

bool
store_answers(void)
{
	for (int i = 0; i < LANES; i++)
		if (!lane_answers(&lanes[i], SLOW_US))
			return false;
	return !sqlstate_trouble();
}

bool
store_is_idle(void)
{
	for (int i = 0; i < LANES; i++)
		if (lanes[i].state == LANE_READY && (lanes[i].waiting.first || lanes[i].in_flight))
			return false;
	return true;
}

void
store_turn_end(void)
{
	for (int i = 0; i < LANES; i++)
		lane_send(&lanes[i]);
}

void
store_close(void)
{
	timer_stop(&checking);
	for (int i = 0; i < LANES; i++)
		lane_close(&lanes[i]);
}
