/* SPDX-License-Identifier: MIT */
/* CPU time and resident memory of processes, the clock, and statistics. */
#ifndef BENCH_USAGE_H
#define BENCH_USAGE_H

#include <stddef.h>
#include <stdint.h>

/* Nanoseconds on a clock that only goes forward. */
int64_t usage_now(void);

/*
 * CPU nanoseconds of a process, all its threads; with usage_family of its children too, those that
 * have ended included. 0 when there is none.
 */
int64_t usage_cpu(long pid);
int64_t usage_family(long pid);

/*
 * Returns how busy this program was since the last call, in per cent of a core. Near 100 it holds
 * back what it measures.
 */
double usage_busy(void);

/* Resident kilobytes of a process, from smaps_rollup; field is "Rss", "Private_Dirty" and so on. */
long usage_memory(long pid, const char *field);

/* Sorts values, and returns the one that the share (0 … 1) of them is not above. */
double usage_quantile(double *values, size_t n, double share);

/* Raises the limit of open files to what the system lets us have. */
void usage_files(void);

/* Says what failed, with errno, and leaves. */
void usage_die(const char *what) __attribute__((noreturn));

#endif
