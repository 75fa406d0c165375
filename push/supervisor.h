/* SPDX-License-Identifier: MIT */
/* What push's supervisor (lib/workers.h) keeps for its workers, the processes that hold the streams: the sockets, the limits, the counters. */
#ifndef PUSH_SUPERVISOR_H
#define PUSH_SUPERVISOR_H

#include "../lib/workers.h"

enum { WORKER_SOCKET = WORKER_GIVEN, WORKER_LIMITER, WORKER_METRICS, WORKER_KEPT = WORKER_METRICS - WORKER_GIVEN + 1 };

/* Runs until it is told to end; returns the exit code. */
int supervisor_run(int argc, char **argv);

#endif
