/* SPDX-License-Identifier: MIT */
/* Reads a crowd without a query for readable sockets. */
#include "line.h"

#include <poll.h>

#include "usage.h"

enum { FOLLOW_MOST = 64 /* read in a turn */, FOLLOW_WAIT_NS = 10000, LINE_STANDS_NS = 20000000 };

void
line_up(struct crowd *w, struct subscriber **order)
{
	for (int i = 0; i < w->count; i++)
		subscriber_watch(w, order[i], EPOLL_CTL_DEL, 0);
	w->line = order;
	w->line_at = 0;
	w->line_moved = usage_now();
}

void
line_break_up(struct crowd *w)
{
	for (int i = 0; i < w->count; i++)
		subscriber_watch(w, w->line[i], EPOLL_CTL_ADD, SUBSCRIBER_READABLE);
	w->line = NULL;
}

/* Reads one subscriber of the line. Returns whether it received a message. */
static bool
line_read(struct crowd *w, int at)
{
	struct subscriber *s = w->line[at];
	long messages = s->messages;

	subscriber_ready(w, s, false);
	if (s->fd < 0)
		usage_die("a stream has ended");
	return s->messages > messages;
}

static void
line_read_all(struct crowd *w)
{
	for (int i = 0; i < w->count; i++)
		line_read(w, i);
}

void
line_follow(struct crowd *w, int timeout_ms)
{
	int n = 0;

	for (; n < FOLLOW_MOST && line_read(w, w->line_at); n++)
		w->line_at = (w->line_at + 1) % w->count;
	int64_t now = usage_now(), until = now + FOLLOW_WAIT_NS;
	if (n) {
		w->line_moved = now;
	} else if (now - w->line_moved > LINE_STANDS_NS) {
		line_read_all(w);
		w->line_moved = now;
	} else if (timeout_ms) {
		poll(&(struct pollfd){ .fd = w->line[w->line_at]->fd, .events = POLLIN }, 1, timeout_ms);
	} else {
		while (usage_now() < until)
			;
	}
}
