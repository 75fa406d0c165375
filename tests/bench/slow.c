/* SPDX-License-Identifier: MIT */
/*
 * Slow readers: some of the subscribers of a conversation stop reading while messages arrive at a
 * steady rate. Do the others notice? Is memory bounded? Are the slow ones closed with 4002, and do
 * they come back without loss?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "crowd.h"
#include "options.h"
#include "sender.h"
#include "usage.h"

enum { ROUNDS = 9, RING = 65536, SAMPLES = 4000000, MEMORY_EACH_MS = 20, RETURN_SECONDS = 3 };

static const char usage[] =
	"key=FILE port=PORT pid=PID conversation=ID author=USER first_user=USER subscribers=N slow=N rate=N text_bytes=N seconds=S rounds=N";

static int64_t published[RING]; /* when message number n was published, by n modulo RING */
static double *waits;
static size_t samples;
static long sent, holes, repeats;
static long *last_seq; /* of each slow subscriber */
static struct crowd readers, slow;
static struct sender *sender;
static long memory_now, memory_most; /* of push, in kB; the most since somebody has set it back */
static long kernel_most;	     /* of all TCP sockets of the machine, in kB, likewise */

static void
on_message(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	(void)w;
	(void)json;
	(void)n;
	/* One that push's sweep has found before it was published has no moment yet. */
	if (samples < SAMPLES && s->messages <= sent)
		waits[samples++] = (double)(usage_now() - published[s->messages % RING]) / 1e6;
}

/* A slow one keeps its cursor, and checks that what it is given is dense. */
static void
on_slow_message(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	const char *value;
	long seq = wire_number(json, n, "seq"), *last = &last_seq[s - w->all];

	if (*last && seq > *last + 1)
		holes++;
	if (*last && seq <= *last)
		repeats++;
	*last = seq;
	size_t len = wire_field(json, n, "cursor", true, &value);
	free(s->since);
	s->since = strndup(value, len);
}

static void
memory_look(void)
{
	static int64_t next;

	if (usage_now() < next)
		return;
	next = usage_now() + MEMORY_EACH_MS * 1000000;
	memory_now = usage_memory(option_number("pid", 0), "Rss");
	if (memory_now > memory_most)
		memory_most = memory_now;
	long kernel = usage_sockets();
	if (kernel > kernel_most)
		kernel_most = kernel;
}

static void
turn(int ms)
{
	memory_look();
	crowd_turn(&readers, ms);
	crowd_turn(&slow, 0);
}

/* Sends at the steady rate for that long. */
static double
phase(double seconds, long rate)
{
	int64_t start = usage_now(), until = start + (int64_t)(seconds * 1e9), step = 1000000000 / rate, next = start;

	samples = 0;
	for (int64_t now; (now = usage_now()) < until;) {
		if (now >= next) {
			published[++sent % RING] = now;
			sender_send(sender, 1);
			next += step;
		}
		turn(1);
	}
	for (int64_t limit = usage_now() + 2000000000; usage_now() < limit && readers.all[0].messages < sent;)
		turn(5);
	return usage_quantile(waits, samples, 0.95);
}

static void
slow_pause(bool paused)
{
	for (int i = 0; i < slow.count; i++)
		if (slow.all[i].fd >= 0)
			subscriber_pause(&slow, &slow.all[i], paused);
}

/*
 * They read again, find themselves closed, and come back with their cursors. Returns how many were
 * closed with 4002.
 */
static int
slow_return(void)
{
	int closed = 0;

	slow_pause(false);
	for (int64_t limit = usage_now() + 5000000000; usage_now() < limit && slow.closed < slow.count;)
		turn(5);
	for (int i = 0; i < slow.count; i++) {
		closed += slow.all[i].close_code == 4002 || (slow.all[i].state == SUBSCRIBER_CLOSED && !slow.all[i].close_code);
		subscriber_hang_up(&slow, &slow.all[i]);
	}
	crowd_open(&slow, 30);
	return closed;
}

static bool
all_equal(void)
{
	for (int i = 1; i < slow.count; i++)
		if (last_seq[i] != last_seq[0])
			return false;
	return true;
}

/* The result of a round. */
struct rounds {
	double before[ROUNDS], with[ROUNDS], moved[ROUNDS]; /* p95 */
	double back[ROUNDS];				    /* p95 while the slow ones are given what they have missed */
	double queued_kb[ROUNDS];			    /* more memory while they did not read … */
	double kernel_kb[ROUNDS];			    /* what the kernel had for all sockets then */
	double return_kb[ROUNDS];			    /* … and while they came back */
	double rest_kb[ROUNDS];				    /* at the beginning */
	size_t count;
	int closed;
};

static void
round_run(struct rounds *r, double seconds, long rate)
{
	size_t n = r->count;

	usage_busy();
	r->before[n] = phase(seconds, rate);
	r->rest_kb[n] = (double)(memory_most = memory_now);
	kernel_most = 0;
	slow_pause(true);
	r->with[n] = phase(seconds, rate);
	r->queued_kb[n] = (double)memory_most - r->rest_kb[n];
	r->kernel_kb[n] = (double)kernel_most;
	memory_most = memory_now;
	r->closed += slow_return();
	r->back[n] = phase(RETURN_SECONDS, rate);
	r->return_kb[n] = (double)memory_most - r->rest_kb[n];
	r->moved[n] = r->with[n] / r->before[n];
	printf("       p95 %.2f ms before, %.2f ms with %d that do not read, %.2f ms while they come back; client busy %.0f %%; push had %.0f kB, %.0f more while they did not read, %.0f more while they came back\n",
	       r->before[n], r->with[n], slow.count, r->back[n], usage_busy(), r->rest_kb[n], r->queued_kb[n], r->return_kb[n]);
	r->count++;
}

static void
report(struct rounds *r)
{
	for (int64_t limit = usage_now() + 10000000000; usage_now() < limit && !all_equal();)
		turn(5);
	printf("result before=%.2f with=%.2f back=%.2f moved=%.3f closed=%d of=%d holes=%ld repeats=%ld complete=%d rest_kb=%.0f",
	       usage_quantile(r->before, r->count, 0.5), usage_quantile(r->with, r->count, 0.5), usage_quantile(r->back, r->count, 0.5),
	       usage_quantile(r->moved, r->count, 0.5), r->closed, slow.count * (int)r->count, holes, repeats, all_equal(),
	       r->rest_kb[r->count - 1] - r->rest_kb[0]);
	printf(" queued_kb=%.0f kernel_kb=%.0f return_kb=%.0f\n", usage_quantile(r->queued_kb, r->count, 0.5),
	       usage_quantile(r->kernel_kb, r->count, 0.5), usage_quantile(r->return_kb, r->count, 0.5));
}

int
main(int argc, char **argv)
{
	static struct rounds warm_up, rounds;

	options_read(argc, argv, usage);
	setvbuf(stdout, NULL, _IOLBF, 0);
	usage_files();
	access_open(option_text("key", "var/secrets/jwt.key"));
	crowd_options(&readers);
	slow = readers;
	readers.message = on_message;
	slow.message = on_slow_message;
	slow.count = (int)option_number("slow", 50);
	slow.first_user = readers.first_user + readers.count;
	slow.receive_buffer = 4096;
	slow.keep_cursors = true;
	last_seq = calloc((size_t)slow.count, sizeof *last_seq);
	waits = calloc(SAMPLES, sizeof *waits);
	crowd_make(&readers);
	crowd_make(&slow);
	crowd_open(&readers, 60);
	crowd_open(&slow, 60);
	crowd_settle(&readers);
	crowd_settle(&slow);
	sender = sender_open("doorbell", 1);

	long rate = option_number("rate", 60), count = option_number("rounds", 3);
	double seconds = (double)option_number("seconds", 4);
	round_run(&warm_up, seconds, rate); /* after it the heap has the size that a round needs */
	for (long n = 0; n < count && n < ROUNDS; n++)
		round_run(&rounds, seconds, rate);
	report(&rounds);
	return 0;
}
