/* SPDX-License-Identifier: MIT */
/*
 * A supervisor and its workers. The supervisor holds what outlives a worker: listening sockets and
 * shared memory. A worker is this program, executed from its file with the flag --worker and with
 * these descriptors.
 *
 * 1. A worker that dies is restarted, after a pause that grows with each failure.
 * 2. A worker without heartbeats for hang_ms is aborted, and restarted.
 * 3. SIGHUP replaces the workers one by one, each when its successor is ready. If a successor dies,
 *    the other workers are not replaced.
 * 4. SIGTERM and SIGINT end all workers, then the supervisor.
 * 5. SIGUSR1 and SIGHUP reopen the log.
 */
#ifndef LIB_WORKERS_H
#define LIB_WORKERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/process/worker.h"

struct workers {
	int count;
	int given; /* descriptors for each worker, at most WORKER_GIVEN_MOST */
	/* those of the first worker, then those of the second, and so on */
	const int *descriptors;
	/* called before all workers are signalled: stops accepting clients */
	void (*close)(void);
	void (*ended)(pid_t pid); /* called after a worker's process has ended; may be NULL */
	int64_t hang_ms;	  /* the longest time without a heartbeat; 0: no limit */
};

/*
 * Prepares the supervisor. Called before it opens anything: from here on signals are pending until
 * they are read. The arguments are passed on to the workers.
 */
void workers_open(int argc, char **argv);

/* Runs until a signal ends it. Returns the exit code. */
int workers_run(const struct workers *workers);

/* Logs a line and exits with 73. */
void workers_refuse(const char *what, const char *why) __attribute__((noreturn));

#endif
