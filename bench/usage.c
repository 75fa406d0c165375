/* SPDX-License-Identifier: MIT */
/* Reads /proc and sorts numbers. */
#include "usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CHILDREN = 1024 };

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

static int
living_children(long pid, long *children, int most)
{
	char path[128];
	int n = 0;

	snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", pid, pid);
	FILE *f = fopen(path, "r");
	while (f && n < most && fscanf(f, "%ld", &children[n]) == 1)
		n++;
	if (f)
		fclose(f);
	return n;
}

/*
 * Reads the CPU time of the children that have ended (proc(5): cutime and cstime, after the name in
 * parentheses).
 */
static int64_t
ended_cpu(long pid)
{
	char path[64], line[1024];
	long user = 0, kernel = 0;

	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	FILE *f = fopen(path, "r");
	const char *rest = f && fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
	if (rest && sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %ld %ld", &user, &kernel) != 2)
		user = kernel = 0;
	if (f)
		fclose(f);
	return (user + kernel) * (1000000000 / sysconf(_SC_CLK_TCK));
}

int64_t
usage_family(long pid)
{
	long children[CHILDREN];
	int n = living_children(pid, children, CHILDREN);
	int64_t total = usage_cpu(pid) + ended_cpu(pid);

	for (int i = 0; i < n; i++)
		total += usage_family(children[i]);
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

double
usage_busy(void)
{
	static int64_t since, cpu;
	int64_t now = usage_now(), used = usage_cpu(getpid());
	double share = (double)(used - cpu) * 100 / (double)(now - since);

	since = now;
	cpu = used;
	return share;
}
