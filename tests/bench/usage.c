/* SPDX-License-Identifier: MIT */
/* Reads /proc and sorts numbers. */
#include "usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

int64_t
usage_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t
thread_cpu(long pid, const char *thread)
{
	char path[128];
	long long used = 0;

	snprintf(path, sizeof path, "/proc/%ld/task/%.20s/schedstat", pid, thread);
	FILE *f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%lld", &used) != 1)
			used = 0;
		fclose(f);
	}
	return used;
}

int64_t
usage_cpu(long pid)
{
	char path[64];
	int64_t total = 0;

	snprintf(path, sizeof path, "/proc/%ld/task", pid);
	DIR *threads = opendir(path);
	for (struct dirent *e; threads && (e = readdir(threads));)
		if (e->d_name[0] != '.')
			total += thread_cpu(pid, e->d_name);
	if (threads)
		closedir(threads);
	return total;
}

int64_t
usage_family(long pid)
{
	char path[128];
	int64_t total = usage_cpu(pid);
	long child;

	snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", pid, pid);
	FILE *f = fopen(path, "r");
	while (f && fscanf(f, "%ld", &child) == 1)
		total += usage_family(child);
	if (f)
		fclose(f);
	return total;
}

long
usage_memory(long pid, const char *field)
{
	char path[64], line[256];
	size_t n = strlen(field);
	long kilobytes = 0;

	snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, field, n) == 0 && line[n] == ':')
			kilobytes = atol(line + n + 1);
	if (f)
		fclose(f);
	return kilobytes;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
usage_quantile(double *values, size_t n, double share)
{
	if (n == 0)
		return 0;
	qsort(values, n, sizeof *values, by_value);
	size_t at = (size_t)(share * (double)n);
	return values[at < n ? at : n - 1];
}

void
usage_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

void
usage_die(const char *what)
{
	perror(what);
	exit(1);
}
