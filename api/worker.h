/* SPDX-License-Identifier: MIT */
/*
 * A worker: a process of settings.api_threads threads, each in its own accept loop. The supervisor starts it with these descriptors.
 * SIGTERM: leave now, finish what is being answered (others take what waits). SIGQUIT: leave when nobody waits any more.
 */
#ifndef API_WORKER_H
#define API_WORKER_H

enum { WORKER_SOCKET = 3, WORKER_LIMITER, WORKER_READY, WORKER_DESCRIPTORS };

/* Serves until it is told to leave. Returns the exit code. */
int worker_run(void);

#endif
