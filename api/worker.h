/* SPDX-License-Identifier: MIT */
/*
 * A worker: a process of settings.api_threads threads, each of which accepts requests, and the
 * descriptors from its supervisor.
 */
#ifndef API_WORKER_H
#define API_WORKER_H

#include "lib/process/worker.h"

enum { WORKER_SOCKET = WORKER_GIVEN, WORKER_LIMITER, WORKER_COMMON, WORKER_KEPT = WORKER_COMMON - WORKER_GIVEN + 1 };

/* Serves until a signal ends it. Returns the exit code. */
int worker_run(void);

#endif
