/* SPDX-License-Identifier: MIT */
/* What push counts, and how it is shown (Prometheus text format 0.0.4). */
#ifndef PUSH_METRICS_H
#define PUSH_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/histogram.h"
#include "bound.h"
#include "close.h"
#include "event.h"

enum { METRICS_TRANSPORTS = 3, METRICS_PARTS = 2 };

struct metrics {
	uint64_t streams[METRICS_TRANSPORTS]; /* open now */
	uint64_t connections;		      /* open now, of any kind */
	uint64_t accepted;
	uint64_t positions; /* now */
	uint64_t events;    /* durable events that came in order */
	uint64_t deliveries;
	uint64_t flushes; /* system calls that wrote to streams */
	uint64_t bytes_out;
	uint64_t queue_bytes;  /* now, of each queue */
	uint64_t buffer_bytes; /* now, of what the queues share and what is to be shared */
	uint64_t shed[EVENT_CLASSES];
	uint64_t closes[CLOSE_REASONS];
	uint64_t bounds[BOUNDS];	  /* times that one was met */
	uint64_t degraded[METRICS_PARTS]; /* now: 1 for what does not answer */
	uint64_t holds;			  /* events that came before their turn */
	uint64_t repairs;		  /* ranges read to fill a hole */
	uint64_t sweep_rounds;
	uint64_t sweep_finds;
	uint64_t replayed;
	uint64_t resets;
	uint64_t resyncs;
	uint64_t doorbells;
	uint64_t doorbells_bad;
	uint64_t redis_connects;
	uint64_t database_connects;
	uint64_t database_queries;
	uint64_t sends;
	uint64_t acks;
	struct histogram redis_times;	 /* commands: from asking to the answer */
	struct histogram database_times; /* batches */
	struct histogram send_times;	 /* message.send: from the frame to what was stored */
	struct histogram batch_sizes;	 /* messages of one call */
};

extern struct metrics metrics;

/* Writes the page; the caller frees it. */
char *metrics_page(size_t *len);

/* The name of a part, as metrics.degraded counts them. */
const char *metrics_part(int part);

/*
 * Several processes serve one port, and whichever is asked shows the counters of all: the supervisor makes memory for that and hands on its
 * descriptor; each process takes a place in it when it begins, and lays a copy of its counters there about once a second; who has ended is
 * forgotten. A process whose supervisor is of an older program, with another idea of what is counted, shows its own alone.
 */
int metrics_make(int processes);
void metrics_begin(int fd);
void metrics_turn_end(void);
void metrics_ended(pid_t process);

#endif
