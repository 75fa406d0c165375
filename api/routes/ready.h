/* SPDX-License-Identifier: MIT */
/*
 * The readiness of the whole server. However many requests there are, all workers together probe at
 * most once a second. A part whose probe hangs has failed.
 */
#ifndef API_READY_H
#define API_READY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/http/request.h"

struct readiness {
	bool database, schema, redis, push;
	/* the clock of the database's machine is neither behind the ids nor far ahead */
	bool clock;
};

/* The result that all workers share. */
struct ready_shared {
	/* packed: the time of the probe and the parts; 0: none yet */
	_Atomic int64_t last;
	_Atomic int64_t probing_ms; /* the time at which a worker began to probe; 0: none does */
	_Atomic int probing;	    /* the part that it probes */
};

/* Sets the memory of the result (common.h). Called once, before threads start. */
void ready_open(struct ready_shared *shared);

/*
 * Returns the result of the last second, or probes. While another request of any worker probes, it
 * returns the last result, until that probe has taken too long.
 */
struct readiness ready_now(struct request *r);

#endif
