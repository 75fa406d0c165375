/* SPDX-License-Identifier: MIT */
/*
 * The memory that all workers of the api share: their counters, and what they know of the database.
 * So every worker returns the same /metrics and /readyz. If the supervisor runs an older program
 * with memory of another size, each worker has memory of its own.
 */
#ifndef API_COMMON_H
#define API_COMMON_H

/* Makes the memory. Returns its descriptor, for common_open in every worker. */
int common_make(void);

/* Passes the memory to the modules that use it. Called once, before threads start. */
void common_open(int fd);

#endif
