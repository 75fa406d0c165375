/* SPDX-License-Identifier: MIT */
/*
 * Sockets, limits and counters that the supervisor of push (lib/process/workers.h) keeps for the
 * processes that hold the streams.
 */
#ifndef PUSH_SUPERVISOR_H
#define PUSH_SUPERVISOR_H

#include "lib/process/workers.h"

enum { WORKER_SOCKET = WORKER_GIVEN, WORKER_LIMITER, WORKER_METRICS, WORKER_KEPT = WORKER_METRICS - WORKER_GIVEN + 1 };

/* Runs until a signal ends it. Returns the exit code. */
int supervisor_run(int argc, char **argv);

#endif
