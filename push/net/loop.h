/* SPDX-License-Identifier: MIT */
/*
 * Event loop: descriptors by epoll (edge-triggered), timers by a wheel, and the end of each turn.
 * One turn waits, calls the owner of each ready descriptor, and fires due timers. Then comes the
 * turn's end (main.c): flush and free.
 */
#ifndef PUSH_LOOP_H
#define PUSH_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/*
 * A watched descriptor. Edge-triggered: ready() reads and writes until it would block, or remembers
 * that it did not.
 */
struct watch {
	int fd;
	void (*ready)(struct watch *w, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP … */
};

/* A timer. All zero is an idle one. */
struct timer {
	struct timer *next, *prev; /* its slot of the wheel; NULL when idle */
	int64_t due_ms;
	void (*fire)(struct timer *t);
};

#define LOOP_OWNER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

void loop_open(void);
void loop_close(void);

/* Watches a descriptor for all events, edge-triggered. Returns false when the kernel refuses. */
bool loop_watch(struct watch *w) __attribute__((warn_unused_result));
void loop_unwatch(struct watch *w);

/*
 * Watches a descriptor for these events only, level-triggered, for libraries that read themselves.
 * loop_want changes the events.
 */
bool loop_watch_level(struct watch *w, uint32_t events) __attribute__((warn_unused_result));
void loop_want(struct watch *w, uint32_t events);

/*
 * Starts or restarts a timer, which fires once after at least delay_ms; stops it; returns whether
 * it runs.
 */
void timer_start(struct timer *t, int64_t delay_ms);
void timer_stop(struct timer *t);
bool timer_is_running(const struct timer *t);

/* Returns the monotonic clock of this turn in ms. */
int64_t loop_now(void);

/* Runs one turn: waits for events, at most until the next timer, and handles them. */
void loop_turn(void);

#endif
