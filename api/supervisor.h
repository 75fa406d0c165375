/* SPDX-License-Identifier: MIT */
/* The supervisor of the workers (lib/workers.h): binds the socket once, and takes it away when all are to end. */
#ifndef API_SUPERVISOR_H
#define API_SUPERVISOR_H

/* Runs until it is told to end; returns the exit code. The arguments are handed to the workers. */
int supervisor_run(int argc, char **argv);

#endif
