/* SPDX-License-Identifier: MIT */
/* The start of a worker process: the program, executed again with some descriptors. */
#ifndef LIB_SPAWN_H
#define LIB_SPAWN_H

#include <sys/types.h>

/*
 * Runs the program as a worker, with `given` descriptors at the numbers of lib/process/worker.h.
 * Returns its process id, and the read end of the pipe that its heartbeats come through. Returns -1
 * when it could not be started; errno says why.
 */
pid_t spawn_worker(const char *program, char **argv, const int *descriptors, int given, int *beats);

#endif
