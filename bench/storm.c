/* SPDX-License-Identifier: MIT */
/*
 * A reconnect storm: many clients were connected, all were cut, each has missed some messages, and
 * all reconnect at once with their cursors.
 * How long until each has what it missed, exactly that, and what it costs.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "crowd.h"
#include "options.h"
#include "usage.h"

enum { AGAIN_MS = 1000 };

static const char usage[] =
	"key=FILE transport=ws|sse|poll port=PORT pid=PID postgres=PID database=URL missed=N sql=STATEMENT first_user=USER subscribers=N";

static int caught_up;
static long missed, too_many;
static int64_t *when; /* a client has all that it missed */

static void
on_message(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	(void)json;
	(void)n;
	if (s->messages == missed) {
		when[s - w->all] = usage_now();
		caught_up++;
	} else if (s->messages > missed) {
		too_many++;
	}
}

static void
on_text(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	(void)w;
	(void)s;
	if (wire_is(json, n, "stream.reset")) {
		fprintf(stderr, "a cursor was not resumed: %.*s\n", (int)n, json);
		exit(1);
	}
}

/* Stores the messages that the clients miss while they are disconnected. */
static void
miss(void)
{
	PGconn *c = PQconnectdb(option_text("database", ""));
	PGresult *r = PQexec(c, option_text("sql", ""));

	if (PQresultStatus(r) != PGRES_TUPLES_OK) {
		fprintf(stderr, "%s\n", PQerrorMessage(c));
		exit(1);
	}
	PQclear(r);
	PQfinish(c);
}

/* Reconnects a refused client a little later, as a client does. */
static void
come_back(struct crowd *w, int64_t *next)
{
	if (usage_now() < *next)
		return;
	*next = usage_now() + AGAIN_MS * 1000000;
	for (int i = 0; i < w->count; i++)
		if (w->all[i].state == SUBSCRIBER_IDLE)
			subscriber_open(w, &w->all[i]);
}

static void
storm(struct crowd *w)
{
	long pid = option_number("pid", 0), postgres = option_number("postgres", 0);
	int64_t cpu = usage_cpu(pid), database = usage_family(postgres), start = usage_now(), until = start + 120000000000;
	long memory = usage_memory(pid, "Rss"), most = memory, now;

	int64_t next = start;
	usage_busy();
	w->patient = true;
	while (caught_up < w->count && usage_now() < until) {
		come_back(w, &next);
		crowd_turn(w, 100);
		if ((now = usage_memory(pid, "Rss")) > most)
			most = now;
	}
	double took = (double)(usage_now() - start) / 1e9, busy = usage_busy();
	double *waits = calloc((size_t)w->count, sizeof *waits);
	for (int i = 0; i < w->count; i++)
		waits[i] = (double)(when[i] - start) / 1e6;
	printf("result clients=%d caught_up=%d too_many=%ld refused=%d seconds=%.2f p50=%.0f p99=%.0f postgres_ms=%.0f push_ms=%.0f rss_kb=%ld busy=%.0f\n",
	       w->count, caught_up, too_many, w->refused, took, usage_quantile(waits, (size_t)w->count, 0.5),
	       usage_quantile(waits, (size_t)w->count, 0.99), (double)(usage_family(postgres) - database) / 1e6, (double)(usage_cpu(pid) - cpu) / 1e6,
	       most - memory, busy);
	free(waits);
}

int
main(int argc, char **argv)
{
	struct crowd crowd = { .message = on_message, .text = on_text, .keep_cursors = true };

	options_read(argc, argv, usage);
	usage_files();
	access_open(option_text("key", "var/secrets/jwt.key"));
	missed = option_number("missed", 20);
	crowd_options(&crowd);
	crowd_make(&crowd);
	when = calloc((size_t)crowd.count, sizeof *when);
	crowd_open(&crowd, 120);
	crowd_settle(&crowd);
	for (int i = 0; i < crowd.count; i++) {
		subscriber_hang_up(&crowd, &crowd.all[i]);
		crowd.all[i].messages = 0;
	}
	miss();
	storm(&crowd);
	return caught_up != crowd.count || too_many;
}
