/* SPDX-License-Identifier: MIT */
/*
 * Fan-out: one message to all subscribers of a conversation, in a closed loop with a fixed number
 * of messages in flight; against the limit program in the same run, in turns. A message is done
 * when every subscriber has it; then the next one is sent.
 * With beside.transport=… a second crowd, in a conversation of its own, takes its turn as well:
 * what the two transports cost is compared within a round.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "access.h"
#include "crowd.h"
#include "line.h"
#include "options.h"
#include "sender.h"
#include "usage.h"

enum { ROUNDS = 101, SIDES = 3, RING = 4096, HEAD_BYTES = 120, WARM_TIMES = 3, TURN_MS = 50 };

static const char usage[] = "key=FILE transport=ws|sse|poll|limit port=PORT pid=PID conversation=ID author=USER\n"
			    "       first_user=USER subscribers=N inflight=N seconds=S rounds=N limit_port=PORT limit_pid=PID\n"
			    "       database=URL redis=SOCKET text_bytes=N\n"
			    "       [beside.transport=ws|sse|poll beside.conversation=ID beside.author=USER beside.first_user=USER]";

/*
 * A message on its way: how many have it, and its beginning up to the seq, which must be the same
 * for all.
 */
struct message {
	int got;
	size_t head_len;
	char head[HEAD_BYTES];
};

/* One side of the comparison, and the result of its last round. */
struct side {
	struct crowd crowd;
	struct sender *sender;
	long pid;
	struct message messages[RING]; /* message number n stands at n modulo RING */
	struct subscriber **order;     /* in which the latest message has arrived */
	bool lines_up;		       /* reads in that order during a round */
	long seq;		       /* of the latest that anybody has */
	int in_flight, due;
	long done;   /* messages that all have */
	long lasted; /* as many of them in the last round */
	double rate, cpu, busy, bytes_per_delivery, deliveries_per_read;
};

static void
out_of_order(const struct subscriber *s, const char *json)
{
	fprintf(stderr, "user %ld: message %ld is not the next one: %.*s\n", s->user, s->messages, HEAD_BYTES, json);
	exit(1);
}

/*
 * The first subscriber that has a message: its seq is the next one. The limit program's have none.
 */
static void
message_begin(struct side *side, struct message *m, const struct subscriber *s, const char *json, size_t n)
{
	static const char key[] = ",\"seq\":";
	const char *at = memmem(json, n < HEAD_BYTES ? n : HEAD_BYTES, key, sizeof key - 1);

	m->head_len = 0;
	if (!at && side->crowd.transport == TRANSPORT_LIMIT)
		return;
	char *end = NULL;
	long seq = at ? strtol(at + sizeof key - 1, &end, 10) : 0;
	if (!at || *end != ',' || end - json > HEAD_BYTES || (side->seq && seq != side->seq + 1))
		out_of_order(s, json);
	side->seq = seq;
	m->head_len = (size_t)(end - json);
	memcpy(m->head, json, m->head_len);
}

/*
 * A subscriber's n-th message is everybody's n-th message, so that each has all of them once and in
 * order.
 */
static void
on_message(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	struct side *side = w->own;
	struct message *m = &side->messages[s->messages % RING];

	if (!m->got)
		message_begin(side, m, s, json, n);
	else if (n < m->head_len || memcmp(json, m->head, m->head_len) != 0)
		out_of_order(s, json);
	if (!w->line)
		side->order[m->got] = s;
	if (++m->got == w->count) {
		m->got = 0;
		side->done++;
		side->due++;
		side->in_flight--;
	}
}

/*
 * In a round the client sleeps until the next message begins to arrive, and is awake until all have
 * it. A reader that sleeps in between is woken by the server's next send, up to once for each and
 * at the scheduler's whim, and a wake-up costs as much as the send; and the client would be the
 * slower one of the two. A poll writes too, and waits for each of its answers.
 */
static void
side_turn(struct side *side)
{
	if (side->crowd.line)
		line_follow(&side->crowd, side->messages[side->done % RING].got ? 0 : TURN_MS);
	else
		crowd_turn(&side->crowd, TURN_MS);
}

static void
side_settle(struct side *side)
{
	int64_t until = usage_now() + 10000000000;

	while (side->in_flight > 0) {
		side_turn(side);
		if (usage_now() > until) {
			fprintf(stderr, "%d messages have not arrived at all %d subscribers\n", side->in_flight, side->crowd.count);
			exit(1);
		}
	}
}

static void
side_send(struct side *side, int n)
{
	side->due = 0;
	side->in_flight += n;
	sender_send(side->sender, n);
}

static int64_t
thread_cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/*
 * A few messages that find the caches cold; the last one shows the order to read in. Fewer than
 * none are in flight when push's sweep has found, meanwhile, what is stored and not published yet.
 */
static void
side_begin(struct side *side)
{
	for (int i = 0; i < WARM_TIMES; i++) {
		side_send(side, 1 - side->in_flight);
		side_settle(side);
	}
	if (side->lines_up)
		line_up(&side->crowd, side->order);
}

/* One round of that many seconds. */
static void
side_round(struct side *side, int in_flight, double seconds)
{
	sender_stock(side->sender, (int)(side->lasted * 3 / 2) + WARM_TIMES + in_flight);
	crowd_turn(&side->crowd, 0);
	side_begin(side);
	long done = side->done;
	int64_t bytes = side->crowd.bytes, reads = side->crowd.reads;
	int64_t cpu = usage_cpu(side->pid), own = thread_cpu_now(), start = usage_now(), until = start + (int64_t)(seconds * 1e9);

	side_send(side, in_flight - side->in_flight);
	while (usage_now() < until) {
		side_turn(side);
		side_send(side, side->due);
	}
	side_settle(side);
	side->lasted = side->done - done;
	double took = (double)(usage_now() - start), deliveries = (double)(side->done - done) * side->crowd.count;
	side->rate = deliveries / took * 1e9;
	/* us per delivery is s per million */
	side->cpu = (double)(usage_cpu(side->pid) - cpu) / deliveries / 1e3;
	side->busy = (double)(thread_cpu_now() - own) / took;
	side->bytes_per_delivery = (double)(side->crowd.bytes - bytes) / deliveries;
	side->deliveries_per_read = deliveries / (double)(side->crowd.reads - reads);
	if (side->crowd.line)
		line_break_up(&side->crowd);
}

static void
side_open(struct side *side, const char *sender, int in_flight, long pid)
{
	side->crowd.message = on_message;
	side->crowd.own = side;
	side->pid = pid;
	crowd_make(&side->crowd);
	crowd_open(&side->crowd, 120);
	crowd_settle(&side->crowd);
	side->order = calloc((size_t)side->crowd.count, sizeof side->order[0]);
	side->lines_up = in_flight == 1 && wire_transport(option_text("transport", "ws")) != TRANSPORT_POLL;
	memset(side->messages, 0, sizeof side->messages);
	side->seq = 0;
	side->done = side->lasted = side->in_flight = side->due = 0;
	side->sender = sender_open(sender, in_flight);
}

/* Subscribers of push, as the options have them. */
static void
banter_open(struct side *side, int in_flight)
{
	crowd_options(&side->crowd);
	side_open(side, "publish", in_flight, option_number("pid", 0));
}

static void
limit_open(struct side *side, int in_flight)
{
	crowd_options(&side->crowd);
	side->crowd.transport = TRANSPORT_LIMIT;
	side->crowd.port = (int)option_number("limit_port", 0);
	side_open(side, "limit", in_flight, option_number("limit_pid", 0));
}

static void
side_print(const char *name, const struct side *side)
{
	printf("       %-6s %9.0f deliveries/s  %6.2f CPU s per million  busy %3.0f %%  client busy %3.0f %%  %4.0f bytes and %.2f reads per delivery\n",
	       name, side->rate, side->cpu, side->rate * side->cpu / 1e4, side->busy * 100, side->bytes_per_delivery, 1 / side->deliveries_per_read);
}

/* The results of one side in all rounds, and the ratios to another side in the same round. */
struct figures {
	double rates[ROUNDS], cpus[ROUNDS], ratios[ROUNDS], cpu_ratios[ROUNDS];
};

static void
figures_note(struct figures *f, int round, const struct side *side, const struct side *to)
{
	f->rates[round] = side->rate;
	f->cpus[round] = side->cpu;
	f->ratios[round] = side->rate / to->rate;
	f->cpu_ratios[round] = side->cpu / to->cpu;
}

static void
figures_print(const char *name, struct figures *f, int rounds)
{
	size_t n = (size_t)rounds;

	printf(" %sratio=%.3f %srate=%.0f %scpu=%.2f %scpu_ratio=%.3f", name, usage_quantile(f->ratios, n, 0.5), name,
	       usage_quantile(f->rates, n, 0.5), name, usage_quantile(f->cpus, n, 0.5), name, usage_quantile(f->cpu_ratios, n, 0.5));
}

/* In turns; banter against the limit, and what is beside it (or NULL) against banter. */
static void
compare(struct side *limit, struct side *banter, struct side *beside, int in_flight, double seconds, int rounds)
{
	static struct figures of_limit, of_banter, of_beside;
	struct side *sides[] = { limit, banter, beside };

	for (int n = 0; n < rounds; n++) {
		for (int i = 0; i < SIDES && sides[i]; i++) {
			side_round(sides[i], in_flight, seconds);
			side_print(wire_name(sides[i]->crowd.transport), sides[i]);
		}
		figures_note(&of_limit, n, limit, limit);
		figures_note(&of_banter, n, banter, limit);
		if (beside)
			figures_note(&of_beside, n, beside, banter);
	}
	printf("result");
	figures_print("limit_", &of_limit, rounds);
	figures_print("", &of_banter, rounds);
	if (beside)
		figures_print("beside_", &of_beside, rounds);
	printf("\n");
}

int
main(int argc, char **argv)
{
	static struct side banter, limit, beside;

	options_read(argc, argv, usage);
	setvbuf(stdout, NULL, _IOLBF, 0);
	usage_files();
	access_open(option_text("key", "var/secrets/jwt.key"));
	int in_flight = (int)option_number("inflight", 1), rounds = (int)option_number("rounds", 3);
	bool has_beside = option_text("beside.transport", NULL);
	double seconds = atof(option_text("seconds", "2"));

	if (rounds > ROUNDS)
		rounds = ROUNDS;
	banter_open(&banter, in_flight);
	if (has_beside) {
		options_of("beside");
		banter_open(&beside, in_flight);
		options_of("");
		side_round(&beside, in_flight, seconds);
	}
	limit_open(&limit, in_flight);
	side_round(&banter, in_flight, seconds);
	/* The limit sends as many bytes per delivery as the first crowd of Banter gets. */
	sender_frame(limit.sender, option_number("frame_bytes", (long)banter.bytes_per_delivery));
	side_round(&limit, in_flight, seconds / 2);
	compare(&limit, &banter, has_beside ? &beside : NULL, in_flight, seconds, rounds);
	return 0;
}
