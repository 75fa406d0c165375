/* SPDX-License-Identifier: MIT */
/*
 * A supervisor and its workers. The supervisor holds what outlives a worker (listening sockets, shared memory) and does nothing else: a worker
 * is this program, run anew from its file with the flag --worker and with these descriptors. One that dies is started again, after a pause that
 * grows. SIGHUP: replaces them one by one, each when its successor is ready, and not at all when that dies. SIGTERM, SIGINT: ends all.
 */
#ifndef LIB_WORKERS_H
#define LIB_WORKERS_H

#include <stdbool.h>
#include <sys/types.h>

/* What a worker is started with: a pipe on which it tells that it is ready; from WORKER_GIVEN on what it is given. */
enum { WORKER_READY = 3, WORKER_GIVEN, WORKER_GIVEN_MOST = 8 };

/* How a worker is asked to leave, within BANTER_DRAIN_SECONDS. */
#define WORKER_REPLACED SIGTERM /* its successor serves; or the supervisor is gone */
#define WORKER_ENDS SIGQUIT	/* nobody comes after it */

struct workers {
	int count;
	int given;		  /* descriptors for each, at most WORKER_GIVEN_MOST */
	const int *descriptors;	  /* those of the first worker, of the second … */
	void (*close)(void);	  /* before all are asked to leave: nobody new is let in */
	void (*ended)(pid_t pid); /* a worker's process is no more; may be NULL */
};

/* For the supervisor, before it opens anything: from here on signals wait until they are taken. The arguments are handed to the workers. */
void workers_open(int argc, char **argv);

/* Runs until it is told to end; returns the exit code. */
int workers_run(const struct workers *workers);

/* Leaves the program with 73 and a line in the log. */
void workers_refuse(const char *what, const char *why) __attribute__((noreturn));

/* For a worker. Was this process started as one? */
bool worker_is(int argc, char **argv);

/* Before it opens anything. Leaves the program with 64 when it was not given so many descriptors, by hand or by an older supervisor. */
void worker_begin(int given);

/* It serves from now on. */
void worker_ready(void);

#endif
