/* SPDX-License-Identifier: MIT */
/* The event loop: epoll and a timer wheel. */
#include "push/net/loop.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/clock.h"

enum {
	EVENTS_PER_TURN = 512,
	WHEEL_SLOTS = 4096, /* a power of two */
	WHEEL_TICK_MS = 16, /* greatest delay of a timer */
	WAIT_MS = 1000,
};

static struct {
	int epoll;
	int64_t now;
	int64_t tick; /* tick up to which timers have fired */
	size_t timers;
	struct timer slots[WHEEL_SLOTS]; /* heads of circular lists */
	struct epoll_event events[EVENTS_PER_TURN];
	int events_count;
} loop;

void
loop_open(void)
{
	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop.epoll < 0) {
		perror("epoll_create1");
		exit(71);
	}
	loop.now = clock_ms();
	loop.tick = loop.now / WHEEL_TICK_MS;
	for (int i = 0; i < WHEEL_SLOTS; i++)
		loop.slots[i].next = loop.slots[i].prev = &loop.slots[i];
}

void
loop_close(void)
{
	close(loop.epoll);
}

bool
loop_watch(struct watch *w)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = w };

	return epoll_ctl(loop.epoll, EPOLL_CTL_ADD, w->fd, &e) == 0;
}

bool
loop_watch_level(struct watch *w, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = w };

	return epoll_ctl(loop.epoll, EPOLL_CTL_ADD, w->fd, &e) == 0;
}

void
loop_want(struct watch *w, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = w };

	epoll_ctl(loop.epoll, EPOLL_CTL_MOD, w->fd, &e);
}

/*
 * Stops watching a descriptor. Drops its events of this turn too, because its owner may be freed
 * next.
 */
void
loop_unwatch(struct watch *w)
{
	epoll_ctl(loop.epoll, EPOLL_CTL_DEL, w->fd, NULL);
	for (int i = 0; i < loop.events_count; i++)
		if (loop.events[i].data.ptr == w)
			loop.events[i].data.ptr = NULL;
}

bool
timer_is_running(const struct timer *t)
{
	return t->next != NULL;
}

void
timer_stop(struct timer *t)
{
	if (!t->next)
		return;
	t->next->prev = t->prev;
	t->prev->next = t->next;
	t->next = t->prev = NULL;
	loop.timers--;
}

void
timer_start(struct timer *t, int64_t delay_ms)
{
	timer_stop(t);
	/* a passed slot would fire only after a round of the wheel */
	t->due_ms = loop.now + (delay_ms > 0 ? delay_ms : 0);
	int64_t tick = t->due_ms / WHEEL_TICK_MS + 1;
	struct timer *head = &loop.slots[tick & (WHEEL_SLOTS - 1)];
	t->next = head;
	t->prev = head->prev;
	head->prev->next = t;
	head->prev = t;
	loop.timers++;
}

int64_t
loop_now(void)
{
	return loop.now;
}

/*
 * Fires the due timers of one slot. Timers of a later round stay. A timer that is started meanwhile
 * is never due yet.
 */
static void
slot_fire(struct timer *head)
{
	struct timer due = { &due, &due, 0, NULL };

	for (struct timer *t = head->next, *next; t != head; t = next) {
		next = t->next;
		if (t->due_ms > loop.now)
			continue;
		t->next->prev = t->prev;
		t->prev->next = t->next;
		t->next = &due;
		t->prev = due.prev;
		due.prev->next = t;
		due.prev = t;
	}
	while (due.next != &due) {
		struct timer *t = due.next;
		timer_stop(t);
		t->fire(t);
	}
}

static void
timers_fire(void)
{
	int64_t until = loop.now / WHEEL_TICK_MS;

	if (until - loop.tick > WHEEL_SLOTS)
		loop.tick = until - WHEEL_SLOTS;
	while (loop.tick < until) {
		loop.tick++;
		slot_fire(&loop.slots[loop.tick & (WHEEL_SLOTS - 1)]);
	}
}

/* Returns the time until the next timer. It looks ahead in the wheel as far as a wait may last. */
static int
wait_ms(void)
{
	if (!loop.timers)
		return WAIT_MS;
	for (int64_t tick = loop.tick + 1; tick <= loop.tick + WAIT_MS / WHEEL_TICK_MS; tick++) {
		const struct timer *head = &loop.slots[tick & (WHEEL_SLOTS - 1)];
		if (head->next == head)
			continue;
		int64_t wait = tick * WHEEL_TICK_MS - loop.now;
		return wait < 0 ? 0 : (int)wait;
	}
	return WAIT_MS;
}

void
loop_turn(void)
{
	int n = epoll_wait(loop.epoll, loop.events, EVENTS_PER_TURN, wait_ms());

	loop.now = clock_ms();
	loop.events_count = n > 0 ? n : 0;
	for (int i = 0; i < loop.events_count; i++) {
		struct watch *w = loop.events[i].data.ptr;
		if (w)
			w->ready(w, loop.events[i].events);
	}
	loop.events_count = 0;
	timers_fire();
}
