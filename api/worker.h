/* SPDX-License-Identifier: MIT */
/* A worker: a process of settings.api_threads threads, each in its own accept loop, with what its supervisor keeps for it. */
#ifndef API_WORKER_H
#define API_WORKER_H

#include "lib/workers.h"

enum { WORKER_SOCKET = WORKER_GIVEN, WORKER_LIMITER, WORKER_METRICS, WORKER_KEPT = WORKER_METRICS - WORKER_GIVEN + 1 };

/* Serves until it is told to leave. Returns the exit code. */
int worker_run(void);

#endif
