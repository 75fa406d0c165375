/* SPDX-License-Identifier: MIT */
/* Histograms as Prometheus has them: how many values were no larger than each bound, and the sum of all. Threads and processes may add at once. */
#ifndef LIB_HISTOGRAM_H
#define LIB_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

/* What is counted: times, given in microseconds and shown in seconds; or how many of something. */
enum histogram_scale { HISTOGRAM_TIMES, HISTOGRAM_NUMBERS, HISTOGRAM_SCALES };

enum { HISTOGRAM_BOUNDS = 14 };

/* All zero is an empty one. */
struct histogram {
	_Atomic uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* up to each bound; the last: larger than all of them */
	_Atomic uint64_t sum;
};

void histogram_add(struct histogram *h, enum histogram_scale scale, int64_t value);

/* Writes its lines. labels: empty, or pairs as name="value" with a comma behind each. */
void histogram_print(FILE *to, const char *name, const char *labels, enum histogram_scale scale, const struct histogram *h);

#endif
