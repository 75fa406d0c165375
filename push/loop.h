/* SPDX-License-Identifier: MIT */
/*
 * The event loop: descriptors by epoll (edge-triggered), timers by a wheel, and what happens at the end of each turn.
 * One turn: wait, give each ready descriptor to its owner, run due timers, then the turn's end (main.c): flush, free.
 */
#ifndef PUSH_LOOP_H
#define PUSH_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* A descriptor's owner. Edge-triggered: ready() reads and writes until it would block, or remembers that it did not. */
struct watch {
	int fd;
	void (*ready)(struct watch *w, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP … */
};

/* A deadline. All zero is an idle timer. */
struct timer {
	struct timer *next, *prev; /* in its slot of the wheel; NULL when idle */
	int64_t due_ms;
	void (*fire)(struct timer *t);
};

#define LOOP_OWNER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

void loop_open(void);
void loop_close(void);

/* Starts to watch a descriptor for everything, edge-triggered. False when the kernel refuses. */
bool loop_watch(struct watch *w) __attribute__((warn_unused_result));
void loop_unwatch(struct watch *w);

/* For libraries that do their own reading: level-triggered, for these events only. loop_want changes them. */
bool loop_watch_level(struct watch *w, uint32_t events) __attribute__((warn_unused_result));
void loop_want(struct watch *w, uint32_t events);

/* (Re)starts a timer to fire once in at least delay_ms; stops it; is it running? */
void timer_start(struct timer *t, int64_t delay_ms);
void timer_stop(struct timer *t);
bool timer_is_running(const struct timer *t);

/* The steady clock of this turn, ms. */
int64_t loop_now(void);

/* One turn: waits for something to happen, at most until the next timer, and handles it. */
void loop_turn(void);

#endif
