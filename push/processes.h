/* SPDX-License-Identifier: MIT */
/* Several processes on one port. */
#ifndef PUSH_PROCESSES_H
#define PUSH_PROCESSES_H

/*
 * Runs serve() in this process, or, when there are to be several, in as many children; one that dies is started again, SIGTERM ends all,
 * SIGHUP replaces them one after the other. Returns when all have ended.
 */
void processes_run(int count, void (*serve)(void));

#endif
