/* SPDX-License-Identifier: MIT */
/* A worker's side of its supervisor: its descriptors, its signals, readiness and heartbeats. */
#ifndef LIB_WORKER_H
#define LIB_WORKER_H

#include <stdbool.h>

/*
 * The descriptors of a worker. On WORKER_READY, a pipe, it reports that it is ready, then its
 * heartbeats. WORKER_GIVEN is the first of its own.
 */
enum { WORKER_READY = 3, WORKER_GIVEN, WORKER_GIVEN_MOST = 8 };

/* The argument that makes a program a worker. */
#define WORKER_FLAG "--worker"

enum { WORKER_BEAT_MS = 1000 }; /* between two heartbeats */

/* The signals that end a worker, within BANTER_DRAIN_SECONDS. */
#define WORKER_REPLACED SIGTERM /* its successor serves, or the supervisor has died */
#define WORKER_ENDS SIGQUIT	/* it has no successor */

/* Returns whether this process was started as a worker. */
bool worker_is(int argc, char **argv);

/*
 * Prepares a worker. Called before it opens anything. Exits with 64 when the process has not so
 * many descriptors: started by hand, or by an older supervisor.
 */
void worker_begin(int given);

/* Reports that the worker serves from now on. parts: how many of its parts beat. */
void worker_ready(unsigned parts);

/*
 * Reports that a part of the worker, counted from 0, is alive. It is cheap: each loop calls it
 * every round, at least once a second. The supervisor is notified when all parts have beaten, once
 * a second at most. Thread-safe.
 */
void worker_beat(unsigned part);

#endif
