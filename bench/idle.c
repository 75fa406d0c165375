/* SPDX-License-Identifier: MIT */
/*
 * Opens many streams and leaves them idle: what does a process that holds them need for each, in
 * memory and in CPU to open it?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access.h"
#include "crowd.h"
#include "options.h"
#include "usage.h"

enum { PROCESSES = 16, SETTLE_MS = 3000, OPEN_SECONDS = 300 };

static const char usage[] =
	"key=FILE transport=ws|sse|poll port=PORT pids=PID,… postgres=PID first_user=USER subscribers=N warm=N window=N [from=ADDRESS]";

/* All push processes together. */
struct state {
	long rss, dirty;
	int64_t cpu, postgres;
};

static long pids[PROCESSES];
static int processes;

static void
pids_read(const char *text)
{
	while (*text && processes < PROCESSES) {
		char *end;
		pids[processes++] = strtol(text, &end, 10);
		text = *end ? end + 1 : end;
	}
}

static struct state
state_now(void)
{
	struct state s = { .postgres = usage_family(option_number("postgres", 0)) };

	for (int i = 0; i < processes; i++) {
		s.rss += usage_memory(pids[i], "Rss");
		s.dirty += usage_memory(pids[i], "Private_Dirty");
		s.cpu += usage_cpu(pids[i]);
	}
	return s;
}

static void
on_message(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	(void)w;
	(void)s;
	(void)json;
	(void)n;
}

static void
linger(struct crowd *w, int64_t ms)
{
	for (int64_t until = usage_now() + ms * 1000000; usage_now() < until;)
		crowd_turn(w, 100);
}

/*
 * The first ones open what a process has but once (libraries, tables, buffers): they are not
 * counted.
 */
static void
crowd_warm(struct crowd *w, int warm)
{
	int all = w->count;

	w->count = warm;
	crowd_open(w, OPEN_SECONDS);
	linger(w, SETTLE_MS);
	w->count = all;
}

int
main(int argc, char **argv)
{
	struct crowd crowd = { .message = on_message };

	options_read(argc, argv, usage);
	setvbuf(stdout, NULL, _IOLBF, 0);
	usage_files();
	access_open(option_text("key", "var/secrets/jwt.key"));
	pids_read(option_text("pids", ""));
	crowd_options(&crowd);
	crowd_make(&crowd);
	int warm = (int)option_number("warm", 500);
	crowd_warm(&crowd, warm);

	struct state before = state_now();
	int64_t start = usage_now();
	crowd_open(&crowd, OPEN_SECONDS);
	double took = (double)(usage_now() - start) / 1e9;
	struct state open = state_now();
	linger(&crowd, SETTLE_MS);
	struct state idle = state_now();
	double n = crowd.count - warm;
	printf("result streams=%d seconds=%.2f rss_before=%ld rss=%ld bytes=%.0f dirty_bytes=%.0f cpu_us=%.1f postgres_us=%.1f idle_cpu_ms=%.1f\n",
	       crowd.count, took, before.rss, idle.rss, (double)(idle.rss - before.rss) * 1024 / n, (double)(idle.dirty - before.dirty) * 1024 / n,
	       (double)(open.cpu - before.cpu) / 1e3 / n, (double)(open.postgres - before.postgres) / 1e3 / n,
	       (double)(idle.cpu - open.cpu) / 1e6 / (SETTLE_MS / 1e3));
	if (crowd.closed)
		fprintf(stderr, "%d streams were closed\n", crowd.closed);
	return crowd.closed != 0;
}
