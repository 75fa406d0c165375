/* SPDX-License-Identifier: MIT */
/* Histograms: their bounds, and how they are printed. */
#include "lib/base/histogram.h"

#include <string.h>

/* clang-format off */
static const struct {
	double unit; /* of the printed values */
	int64_t bounds[HISTOGRAM_BOUNDS];
} scales[HISTOGRAM_SCALES] = {
	[HISTOGRAM_TIMES] = { 1e6, { 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 10000000 } },
	[HISTOGRAM_NUMBERS] = { 1, { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192 } },
};
/* clang-format on */

void
histogram_add(struct histogram *h, enum histogram_scale scale, int64_t value)
{
	int i = 0;

	while (i < HISTOGRAM_BOUNDS && value > scales[scale].bounds[i])
		i++;
	atomic_fetch_add_explicit(&h->counts[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum, value > 0 ? (uint64_t)value : 0, memory_order_relaxed);
}

void
histogram_print(FILE *to, const char *name, const char *labels, enum histogram_scale scale, const struct histogram *h)
{
	uint64_t count = 0;
	int n = (int)strlen(labels) - 1; /* without the last comma */
	const char *open = n > 0 ? "{" : "", *close = n > 0 ? "}" : "";

	for (int i = 0; i < HISTOGRAM_BOUNDS; i++) {
		count += atomic_load_explicit(&h->counts[i], memory_order_relaxed);
		fprintf(to, "%s_bucket{%sle=\"%g\"} %lu\n", name, labels, (double)scales[scale].bounds[i] / scales[scale].unit, count);
	}
	count += atomic_load_explicit(&h->counts[HISTOGRAM_BOUNDS], memory_order_relaxed);
	fprintf(to, "%s_bucket{%sle=\"+Inf\"} %lu\n", name, labels, count);
	fprintf(to, "%s_sum%s%.*s%s %.9g\n", name, open, n > 0 ? n : 0, labels, close,
		(double)atomic_load_explicit(&h->sum, memory_order_relaxed) / scales[scale].unit);
	fprintf(to, "%s_count%s%.*s%s %lu\n", name, open, n > 0 ? n : 0, labels, close, count);
}
