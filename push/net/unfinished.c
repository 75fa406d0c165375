/* SPDX-License-Identifier: MIT */
/* Limits on the input of clients. */
#include "push/net/unfinished.h"

#include "lib/base/settings.h"
#include "push/net/conns.h"
#include "push/net/loop.h"
#include "push/net/metrics.h"
#include "push/net/rare.h"

enum {
	READ_COST = 64, /* cost of a read beside its bytes, in bytes … */
	/* … and of copying kept bytes again, so that a long frame sent byte by byte is expensive */
	KEPT_SHARE = 32,
	EARLY_MOST = 64 * 1024, /* bytes behind a request before its user is known */
	/* a message of that size may begin even while too many large ones are unfinished */
	SMALL_BYTES = 4096,
	LOOK_EACH_MS = 1000,
};

static struct timer timer;

void
unfinished_pay(struct conn *c, size_t n, size_t kept)
{
	if (c->user && !c->owner->pay(c, READ_COST + (uint32_t)n + (uint32_t)kept / KEPT_SHARE))
		conn_close_over_limit(c, LIMITED_INPUT_BYTES, CLOSE_PROTOCOL);
	if (c->user || c->state != CONN_OPENING)
		return;
	uint32_t early = rare_of(c)->early += (uint32_t)n;
	if (early > EARLY_MOST + (uint32_t)settings.push_frame_bytes)
		conn_close_over_limit(c, LIMITED_INPUT_BYTES, CLOSE_PROTOCOL);
}

void
unfinished_count(struct conn *c)
{
	struct rare *r = c->rare;

	if (!r)
		return;
	uint32_t held = r->pending_len + r->input.fragments_len;
	metrics.unfinished_bytes += held;
	metrics.unfinished_bytes -= r->held;
	r->held = held;
}

void
unfinished_note(struct conn *c, bool whole)
{
	struct rare *r = c->rare;

	if (!r)
		return;
	unfinished_count(c);
	bool is_begun = r->held || r->input.fragments_opcode;
	if (whole || !is_begun)
		r->unfinished_ms = 0;
	if (!r->unfinished_ms && is_begun)
		r->unfinished_ms = loop_now();
	if (!is_begun)
		rare_tidy(c);
	else if (r->held > SMALL_BYTES && metrics.unfinished_bytes > (uint64_t)settings.push_unfinished_bytes)
		conn_close_over_limit(c, LIMITED_UNFINISHED_BYTES, CLOSE_UNAVAILABLE);
}

/*
 * Closes streams whose unfinished message takes too long. Until a stream is live its own deadline
 * applies.
 */
static void
look(struct timer *t)
{
	int64_t before = loop_now() - settings.push_message_seconds * 1000;

	timer_start(t, LOOK_EACH_MS);
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		if (c->rare && c->rare->unfinished_ms && c->rare->unfinished_ms < before && c->state == CONN_LIVE)
			conn_close_over_limit(c, LIMITED_MESSAGE_SECONDS, CLOSE_PROTOCOL);
}

void
unfinished_open(void)
{
	timer.fire = look;
	timer_start(&timer, LOOK_EACH_MS);
}

void
unfinished_close(void)
{
	timer_stop(&timer);
}
