/* SPDX-License-Identifier: MIT */
/*
 * Histograms in Prometheus's form: for each bound the count of values up to it, and the sum of all
 * values. Threads and processes may add to one at once.
 */
#ifndef LIB_HISTOGRAM_H
#define LIB_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

/* The scale of a histogram: times, given in microseconds and shown in seconds, or numbers. */
enum histogram_scale { HISTOGRAM_TIMES, HISTOGRAM_NUMBERS, HISTOGRAM_SCALES };

enum { HISTOGRAM_BOUNDS = 14 };

/* A histogram. All zero is an empty one. */
struct histogram {
	/* one for each bound, and the last for all larger values */
	_Atomic uint64_t counts[HISTOGRAM_BOUNDS + 1];
	_Atomic uint64_t sum;
};

void histogram_add(struct histogram *h, enum histogram_scale scale, int64_t value);

/* Prints the histogram's lines. labels: empty, or pairs name="value" with a comma behind each. */
void histogram_print(FILE *to, const char *name, const char *labels, enum histogram_scale scale, const struct histogram *h);

#endif
