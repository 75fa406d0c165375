/* SPDX-License-Identifier: MIT */
/*
 * From 201 to arrival: one program sends by REST over kept connections and listens on WebSockets,
 * so both moments are on one clock.
 * First as fast as `senders` connections can, then at a share of that rate, evenly spaced, whatever
 * the answers do.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "access.h"
#include "crowd.h"
#include "options.h"
#include "request.h"
#include "usage.h"

enum { MESSAGES = 200000, PER_CONVERSATION = 10, TEXT_BYTES = 200 };

static const char usage[] =
	"key=FILE port=PORT rest_port=PORT users=FIRST conversations=FIRST subscribers=CONVERSATIONS senders=N seconds=S share=0.5";

/* Every message of the run, by its number. Moments are usage_now(); 0: not yet. */
struct moment {
	int64_t due, asked, answered;
	_Atomic int64_t arrived;
};

static struct moment moments[MESSAGES];
static atomic_long next_message;
static atomic_bool stop;
static long first, last; /* the numbers of the phase that runs */
static int64_t phase_start;
static double interval; /* ns between sends, 0: no pause */
static long mark;
static int conversations;
static char text[TEXT_BYTES + 1];

static void
on_message(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	const char *id, *dot;
	size_t len = wire_field(json, n, "client_id", false, &id);

	(void)w;
	(void)s;
	if (len > 1 && id[0] == 'l' && atol(id + 1) == mark && (dot = memchr(id, '.', len)))
		atomic_store(&moments[atol(dot + 1)].arrived, usage_now());
}

static void
wait_for(int64_t moment)
{
	struct timespec t = { moment / 1000000000, moment % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		;
}

/*
 * Takes the next number, waits until it is due, sends it to a random conversation by a member who
 * does not listen.
 */
static void *
sender_thread(void *argument)
{
	unsigned seed = (unsigned)(size_t)argument;
	char token[ACCESS_BYTES], client_id[64];
	struct request r;

	request_open(&r, (int)option_number("rest_port", 8080));
	while (!atomic_load(&stop)) {
		long n = atomic_fetch_add(&next_message, 1);
		if (n >= MESSAGES)
			break;
		struct moment *m = &moments[n];
		m->due = phase_start + (int64_t)((double)(n - first) * interval);
		if (interval > 0)
			wait_for(m->due);
		long c = rand_r(&seed) % conversations, member = 2 + rand_r(&seed) % (PER_CONVERSATION - 1);
		long user = option_number("users", 0) + c * PER_CONVERSATION + member;
		access_token(user, option_number("devices", 500000000) + user, token);
		snprintf(client_id, sizeof client_id, "l%ld.%ld", mark, n);
		m->asked = usage_now();
		if (request_message(&r, token, option_number("conversations", 0) + c, client_id, text) != 201)
			usage_die("a send was not answered by 201");
		m->answered = r.answered;
	}
	return NULL;
}

static long
arrived(void)
{
	long n = 0;

	for (long i = first; i < last; i++)
		n += moments[i].answered && atomic_load(&moments[i].arrived);
	return n;
}

static long
answered(void)
{
	long n = 0;

	for (long i = first; i < last; i++)
		n += moments[i].answered != 0;
	return n;
}

static double busy; /* of the last phase */

/*
 * Sends for that many seconds, then waits for what is under way. Returns the rate of the answers.
 */
static double
phase(struct crowd *w, int senders, double seconds, double rate)
{
	pthread_t threads[512];

	interval = rate > 0 ? 1e9 / rate : 0;
	first = atomic_load(&next_message);
	phase_start = usage_now();
	usage_busy();
	atomic_store(&stop, false);
	for (int i = 0; i < senders; i++)
		pthread_create(&threads[i], NULL, sender_thread, (void *)(size_t)(i + 1 + first));
	while (usage_now() - phase_start < (int64_t)(seconds * 1e9))
		crowd_turn(w, 20);
	atomic_store(&stop, true);
	double took = (double)(usage_now() - phase_start);
	busy = usage_busy();
	last = atomic_load(&next_message);
	if (last > MESSAGES)
		last = MESSAGES;
	double sent = (double)answered() / took * 1e9;
	/* The threads end by themselves; what they still send is read on the way. */
	int64_t until = usage_now() + 2000000000;
	while (usage_now() < until && (answered() < last - first || arrived() < answered()))
		crowd_turn(w, 20);
	for (int i = 0; i < senders; i++)
		pthread_join(threads[i], NULL);
	return sent;
}

static void
print(double rate)
{
	static double after[MESSAGES], whole[MESSAGES];
	size_t n = 0, early = 0, lost = 0;

	for (long i = first; i < last; i++) {
		int64_t at = atomic_load(&moments[i].arrived);
		if (!moments[i].answered)
			continue;
		if (!at) {
			lost++;
			continue;
		}
		after[n] = (double)(at - moments[i].answered) / 1e6;
		whole[n++] = (double)(at - moments[i].asked) / 1e6;
		early += at < moments[i].answered;
	}
	printf("result rate=%.0f messages=%zu lost=%zu p50=%.2f p99=%.2f whole_p50=%.2f whole_p99=%.2f early=%.0f busy=%.0f\n", rate, n, lost,
	       usage_quantile(after, n, 0.5), usage_quantile(after, n, 0.99), usage_quantile(whole, n, 0.5), usage_quantile(whole, n, 0.99),
	       n ? 100.0 * (double)early / (double)n : 0, busy);
}

int
main(int argc, char **argv)
{
	struct crowd crowd = { .message = on_message };

	options_read(argc, argv, usage);
	usage_files();
	access_open(option_text("key", "var/secrets/jwt.key"));
	crowd_options(&crowd);
	conversations = crowd.count;
	crowd.first_user = option_number("users", 0) + 1;
	crowd.user_step = PER_CONVERSATION;
	memset(text, 'x', TEXT_BYTES);
	mark = (long)(usage_now() / 1000);
	crowd_make(&crowd);
	crowd_open(&crowd, 60);

	int senders = (int)option_number("senders", 32);
	double seconds = (double)option_number("seconds", 6), share = atof(option_text("share", "0.5"));
	phase(&crowd, senders, seconds / 2, 0);
	double most = phase(&crowd, senders, seconds / 2, 0);
	double rate = phase(&crowd, senders, seconds, most * share);
	printf("most %.0f sends/s, then %.0f\n", most, rate);
	print(rate);
	return 0;
}
