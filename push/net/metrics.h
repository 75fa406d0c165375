/* SPDX-License-Identifier: MIT */
/* Counters of push and their page (Prometheus text format 0.0.4). */
#ifndef PUSH_METRICS_H
#define PUSH_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/histogram.h"
#include "push/net/close.h"
#include "push/net/limit.h"

/* classes of events (event.h); the last is never shed */
enum { METRICS_TRANSPORTS = 3, METRICS_PARTS = 2, METRICS_CLASSES = 5 };

struct metrics {
	uint64_t streams[METRICS_TRANSPORTS]; /* open now */
	uint64_t connections;		      /* open now, of any kind */
	uint64_t accepted;
	uint64_t cursor_states; /* now */
	uint64_t events;	/* durable events that came in order */
	uint64_t deliveries;
	uint64_t flushes; /* system calls that wrote to streams */
	uint64_t bytes_out;
	uint64_t queue_bytes;	   /* now, of all queues */
	uint64_t buffer_bytes;	   /* now, of events and replies; shared bytes count once */
	uint64_t unfinished_bytes; /* now, of messages that clients have not finished */
	uint64_t shed[METRICS_CLASSES];
	uint64_t closes[CLOSE_REASONS];
	uint64_t limits[LIMITS];	  /* times that a limit was met */
	uint64_t degraded[METRICS_PARTS]; /* now: 1 while the part does not answer */
	uint64_t holds;			  /* events that arrived before their turn */
	uint64_t repairs;		  /* ranges read to fill a hole */
	/* now: 1 while the horizon has not moved for 30 seconds */
	uint64_t horizon_stands;
	/* now: 1 while the database's clock is behind or far ahead */
	uint64_t clock_wrong;
	uint64_t sweep_rounds;
	uint64_t sweep_finds;
	uint64_t replayed;
	uint64_t resets;
	uint64_t resyncs;
	uint64_t notifications;
	uint64_t notifications_bad;
	uint64_t redis_connects;
	uint64_t database_connects;
	uint64_t database_queries;
	uint64_t database_late; /* batches that were not answered in time */
	uint64_t sends;
	/* times that a message was put off because another transaction held its conversation */
	uint64_t send_busy;
	/* messages refused: their deadline had passed, or there was no room to wait */
	uint64_t send_late;
	/* batches whose messages were all answered before PostgreSQL answered */
	uint64_t batches_late;
	uint64_t acks;
	struct histogram redis_times;	 /* commands: until the answer */
	struct histogram database_times; /* batches: until the last answer */
	/* message.send: from the frame to the stored message */
	struct histogram send_times;
	struct histogram batch_sizes; /* messages of one call */
};

extern struct metrics metrics;

/* Returns the page, which the caller frees. */
char *metrics_page(size_t *len);

/* Returns the name of a part that metrics.degraded counts. */
const char *metrics_part(int part);

/*
 * Shares the counters of several processes that serve one port, so that each shows all.
 * metrics_make makes the shared memory in the supervisor and returns its descriptor. metrics_begin
 * takes a place in it for a process. metrics_turn_end copies the process's counters there about
 * once a second. metrics_ended frees the place of a process that has ended.
 * A supervisor of an older version may count other things. Then a process shows its own counters
 * alone.
 */
int metrics_make(int processes);
void metrics_begin(int fd);
void metrics_turn_end(int64_t now_ms);
void metrics_ended(pid_t process);

#endif
