/* SPDX-License-Identifier: MIT */
/*
 * A large group of which thousands are connected: do messages at a steady rate reach all of them,
 * and when? Does the author hear of the receipts as counts, up to all who are connected, and does
 * nobody hear of typing, presence or anybody's receipts?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "crowd.h"
#include "options.h"
#include "sender.h"
#include "usage.h"

enum { RING = 4096, WAITS = 4000000, FRAME_BYTES = 2048, TYPISTS = 200 };

static const char usage[] = "key=FILE port=PORT pid=PID rest_port=PORT conversation=ID author=USER first_user=USER subscribers=N rate=N seconds=S";

static int64_t sent_at[RING]; /* of message number n, by n modulo RING */
static int got[RING];	      /* how many have it */
static double *waits, *lasts;
static size_t waits_count, lasts_count;
static long sent, reached, counts_told, delivered, of;
static long typing, presence, receipts; /* that members were told */
static struct crowd members, author;

static void
on_message(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	double wait = (double)(usage_now() - sent_at[s->messages % RING]) / 1e6;

	(void)json;
	(void)n;
	if (waits_count < WAITS)
		waits[waits_count++] = wait;
	if (++got[s->messages % RING] < w->count)
		return;
	got[s->messages % RING] = 0;
	reached++;
	if (lasts_count < RING)
		lasts[lasts_count++] = wait;
}

static void
on_text(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	(void)w;
	(void)s;
	typing += wire_is(json, n, "typing.");
	presence += wire_is(json, n, "presence.updated");
	receipts += wire_is(json, n, "receipt.");
}

static void
on_author_message(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	(void)w;
	(void)s;
	(void)json;
	(void)n;
}

/* The author is told counts of recent messages; the last message's are told last. */
static void
on_author_text(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	(void)w;
	(void)s;
	if (!wire_is(json, n, "receipt.updated") || !wire_number(json, n, "of"))
		return;
	counts_told++;
	delivered = wire_number(json, n, "delivered");
	of = wire_number(json, n, "of");
}

static void
turn(int ms)
{
	crowd_turn(&members, ms);
	crowd_turn(&author, 0);
}

static void
send_one(struct sender *sender)
{
	sent_at[++sent % RING] = usage_now();
	sender_send(sender, 1);
}

static bool
all_reached(void)
{
	return reached >= sent;
}

static bool
all_counted(void)
{
	return delivered >= members.count;
}

/* Goes on until it is so, or for too long. */
static double
until(bool (*so)(void), double seconds)
{
	int64_t start = usage_now(), limit = start + (int64_t)(seconds * 1e9);

	while (!so() && usage_now() < limit)
		turn(5);
	return (double)(usage_now() - start) / 1e9;
}

static void
send_at_rate(struct sender *sender, long rate, double seconds)
{
	int64_t start = usage_now(), end = start + (int64_t)(seconds * 1e9), next = start;

	while (usage_now() < end) {
		if (usage_now() >= next) {
			send_one(sender);
			next += 1000000000 / rate;
		}
		turn(1);
	}
	until(all_reached, 30);
}

static void
frames(const char *format, int count)
{
	char json[FRAME_BYTES], frame[FRAME_BYTES + 16];

	for (int i = 0; i < count; i++) {
		int n = snprintf(json, sizeof json, format, members.all[i].since);
		subscriber_write(&members.all[i], frame, wire_frame(1, json, (size_t)n, frame));
		if (i % 64 == 0)
			turn(0);
	}
}

static void
crowd_begin(struct crowd *w)
{
	crowd_make(w);
	crowd_open(w, 120);
	crowd_settle(w);
}

int
main(int argc, char **argv)
{
	char format[128];

	options_read(argc, argv, usage);
	usage_files();
	access_open(option_text("key", "var/secrets/jwt.key"));
	waits = calloc(WAITS, sizeof *waits);
	lasts = calloc(RING, sizeof *lasts);
	crowd_options(&members);
	author = members;
	members.message = on_message;
	members.text = on_text;
	members.keep_cursors = true;
	author.message = on_author_message;
	author.text = on_author_text;
	author.count = 1;
	author.first_user = option_number("author", 0);
	crowd_begin(&members);
	crowd_begin(&author);

	struct sender *sender = sender_open("rest", 4);
	long pid = option_number("pid", 0);
	int64_t cpu = usage_cpu(pid);
	send_at_rate(sender, option_number("rate", 10), atof(option_text("seconds", "5")));
	cpu = usage_cpu(pid) - cpu;
	double p50 = usage_quantile(waits, waits_count, 0.5), p99 = usage_quantile(waits, waits_count, 0.99);
	double last = usage_quantile(lasts, lasts_count, 0.5);

	frames("{\"type\":\"ack\",\"cursor\":\"%s\"}", members.count);
	double counted = until(all_counted, 30);
	long told = counts_told;
	snprintf(format, sizeof format, "{\"type\":\"typing\",\"conversation_id\":\"%ld\"}", option_number("conversation", 0));
	frames(format, TYPISTS < members.count ? TYPISTS : members.count);
	send_one(sender); /* what typing would have brought stands before it */
	until(all_reached, 30);
	printf("result messages=%ld reached=%ld p50=%.1f p99=%.1f last=%.1f push_us=%.2f delivered=%ld of=%ld counted=%.1f told=%ld stray=%ld\n",
	       sent, reached, p50, p99, last, (double)cpu / 1e3 / ((double)(sent - 1) * members.count), delivered, of, counted, told,
	       typing + presence + receipts);
	return 0;
}
