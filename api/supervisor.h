/* SPDX-License-Identifier: MIT */
/*
 * The supervisor of the workers (lib/process/workers.h). It binds the socket once, and removes it
 * when all workers end.
 */
#ifndef API_SUPERVISOR_H
#define API_SUPERVISOR_H

/*
 * Runs until a signal ends it. Returns the exit code. The arguments are passed on to the workers.
 */
int supervisor_run(int argc, char **argv);

#endif
