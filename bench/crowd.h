/* SPDX-License-Identifier: MIT */
/*
 * A crowd of subscribers in one thread: opens many streams a few at a time, reads them, and counts
 * what they receive.
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "subscriber.h"
#include "wire.h"

struct crowd {
	/* set by the owner before crowd_open */
	enum transport transport;
	int port;
	int count;
	int window;	 /* how many open at once */
	long first_user; /* subscriber i is user first_user + i * user_step */
	long user_step;
	long devices;	  /* the device of a user is devices + user */
	const char *from; /* the address to connect from, NULL: any */
	/* so many connect from it, the next from the one after it …; 0: all from it */
	int per_address;
	/* a refused stream is idle again, counted in refused, instead of the program's end */
	bool patient;
	bool keep_cursors; /* note the last cursor of every subscriber in since */
	void *own;
	void (*message)(struct crowd *, struct subscriber *, const char *json, size_t n);
	/* all other texts; may be NULL */
	void (*text)(struct crowd *, struct subscriber *, const char *json, size_t n);

	/* the crowd's own */
	struct subscriber *all;
	int epoll;
	int started, opened, closed, refused;
	struct subscriber **line; /* line.h */
	int line_at;
	int64_t line_moved; /* when it did so last */
	int64_t bytes;	    /* read from open streams */
	int64_t reads;
};

/*
 * Sets the fields that most benchmarks have from the options: transport, port, subscribers, window,
 * first_user, user_step, devices, from, per_address.
 */
void crowd_options(struct crowd *w);

/* Makes the subscribers; none is connected yet. */
void crowd_make(struct crowd *w);

/*
 * Opens all that are idle and returns when they are open; ends the program when it takes longer
 * than that many seconds.
 */
void crowd_open(struct crowd *w, int seconds);

/*
 * Reads until nothing has arrived for a while (missed events are replayed first), then sets the
 * count of messages to 0.
 */
void crowd_settle(struct crowd *w);

/* Runs one turn: waits up to that many ms, and reads the input. */
void crowd_turn(struct crowd *w, int timeout_ms);

void crowd_close(struct crowd *w);

#endif
