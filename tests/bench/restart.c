/* SPDX-License-Identifier: MIT */
/*
 * A rolling restart of push under load: many clients are connected, messages are sent at a steady
 * rate, and push's supervisor is told to replace its processes, once in each round. Each client
 * comes back with its cursor when it was told to. How long was it away, and has it every message of
 * its conversations once and in order?
 *
 * The clients are the people of the inbox (seed.sql): client i is in ten conversations of its
 * hundred, i, i + 1 …, and is the author in conversation i.
 */
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "access.h"
#include "crowd.h"
#include "options.h"
#include "sender.h"
#include "usage.h"

enum {
	OF_EACH = 10,
	HUNDRED = 100,
	PROCESSES = 16,
	AHEAD = 8,
	SENT_AWAY_MOST = 4, /* times in a round: once for each process is usual */
	AGAIN_MS = 500,
	ACK_EACH_MS = 1000,
	ACK_BYTES = 1536,
	CALM_SECONDS = 2,
	ROUND_SECONDS = 60,
	END_SECONDS = 20,
};

static const char usage[] = "key=FILE port=PORT supervisor=PID postgres=PID database=URL rest_port=PORT conversation=ID spread=N author=USER "
			    "first_user=USER subscribers=N rate=N rounds=N";

struct client {
	long last[OF_EACH]; /* the last seq in each of its conversations */
	long retry_ms;	    /* what it was told when its stream ended; 0: nothing */
	int64_t left;	    /* when that was; 0: its stream is open */
	int64_t due;	    /* when it comes back */
	int64_t ack;	    /* when it acknowledges what it has; 0: it has done that */
};

static struct client *clients;
static struct crowd crowd;
static struct sender *sender;
static int64_t send_next, send_step; /* a step of 0: nothing is sent */
static long sent, replayed, lost, repeated, cut;
static double *gaps; /* in ms */
static size_t gaps_count, gaps_room;
static int64_t last_back; /* when a client has come back last */
static long *stored;	  /* the last seq of each conversation, as the database has it */
static long first_conversation;
static int conversations;
static long workers[PROCESSES]; /* that are to be replaced */
static int workers_count;

/* ---- the clients */

/* Which conversation is the client's number k; all are counted from the first. */
static int
conversation_of(int client, int k)
{
	return client / HUNDRED * HUNDRED + (client + k) % HUNDRED;
}

static long *
last_seq(int client, long conversation)
{
	for (int k = 0; k < OF_EACH; k++)
		if (conversation_of(client, k) == conversation)
			return &clients[client].last[k];
	fprintf(stderr, "client %d was given a message of conversation %ld\n", client, conversation);
	exit(1);
}

static void
on_message(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	const char *id;
	long seq = wire_number(json, n, "seq");
	long conversation = wire_field(json, n, "conversation_id", false, &id) ? atol(id) : 0;
	long *last = last_seq((int)(s - w->all), conversation - first_conversation);

	if (seq <= *last) {
		repeated++;
		return;
	}
	lost += seq - *last - 1;
	*last = seq;
	if (!clients[s - w->all].ack)
		clients[s - w->all].ack = usage_now() + ACK_EACH_MS * 1000000LL;
}

static void
client_left(struct client *c)
{
	if (!c->left)
		c->left = usage_now();
}

static void
client_is_back(struct client *c)
{
	int64_t now = usage_now();

	if (!c->left)
		return;
	if (gaps_count < gaps_room)
		gaps[gaps_count++] = (double)(now - c->left) / 1e6;
	c->left = 0;
	c->retry_ms = 0;
	last_back = now;
}

static void
on_text(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	struct client *c = &clients[s - w->all];

	if (wire_is(json, n, "stream.ready")) {
		replayed += wire_number(json, n, "replayed");
		client_is_back(c);
	} else if (wire_is(json, n, "stream.bye")) {
		client_left(c);
		c->retry_ms = wire_number(json, n, "retry_after_ms");
	} else if (wire_is(json, n, "stream.reset")) {
		fprintf(stderr, "a cursor was not resumed: %.*s\n", (int)n, json);
		exit(1);
	}
}

/* It waits as docs/events.md says in section 12. */
static void
on_gone(struct crowd *w, struct subscriber *s)
{
	struct client *c = &clients[s - w->all];

	if (!c->retry_ms)
		cut++;
	client_left(c);
	c->due = usage_now() + (c->retry_ms ? c->retry_ms : random() % AGAIN_MS) * 1000000;
	c->retry_ms = 0;
}

static void
client_acknowledges(struct client *c, struct subscriber *s)
{
	char json[ACK_BYTES], frame[ACK_BYTES + 16];
	int n = snprintf(json, sizeof json, "{\"type\":\"ack\",\"cursor\":\"%s\"}", s->since);

	subscriber_write(s, frame, wire_frame(1, json, (size_t)n, frame));
	c->ack = 0;
}

static void
client_comes_back(struct subscriber *s)
{
	if (s->state == SUBSCRIBER_CLOSED)
		subscriber_hang_up(&crowd, s);
	subscriber_open(&crowd, s);
}

/* Does the timed work of the clients. */
static void
clients_turn(void)
{
	int64_t now = usage_now();

	for (int i = 0; i < crowd.count; i++) {
		struct subscriber *s = &crowd.all[i];
		struct client *c = &clients[i];
		if (s->state == SUBSCRIBER_OPEN && c->ack && c->ack <= now)
			client_acknowledges(c, s);
		else if ((s->state == SUBSCRIBER_CLOSED || s->state == SUBSCRIBER_IDLE) && c->due <= now)
			client_comes_back(s);
	}
}

/* ---- turns */

static void
turn(void)
{
	for (int64_t now = usage_now(); send_step && send_next <= now; send_next += send_step, sent++)
		sender_send(sender, 1);
	crowd_turn(&crowd, 1);
	clients_turn();
}

/* Goes on until it is so, or for too long. */
static bool
until(bool (*so)(void), int seconds)
{
	int64_t limit = usage_now() + seconds * 1000000000LL;

	while (!so() && usage_now() < limit)
		turn();
	return so();
}

static bool
never(void)
{
	return false;
}

static bool
all_are_back(void)
{
	return crowd.opened - crowd.closed == crowd.count;
}

static bool
all_is_replaced(void)
{
	for (int i = 0; i < workers_count; i++)
		if (kill((pid_t)workers[i], 0) == 0)
			return false;
	return all_are_back();
}

/* ---- what the database has */

/* Returns the sum of them, which grows by one with each message. */
static long
stored_read(PGconn *database)
{
	char sql[160];
	long sum = 0;

	snprintf(sql, sizeof sql, "select last_seq from conversations where id between %ld and %ld order by id", first_conversation,
		 first_conversation + conversations - 1);
	PGresult *r = PQexec(database, sql);
	if (PQntuples(r) != conversations) {
		fprintf(stderr, "conversations: %d of %d. %s\n", PQntuples(r), conversations, PQerrorMessage(database));
		exit(1);
	}
	for (int i = 0; i < conversations; i++)
		sum += stored[i] = atol(PQgetvalue(r, i, 0));
	PQclear(r);
	return sum;
}

/* Counts the deliveries that clients still miss. */
static long
missing(void)
{
	long sum = 0;

	for (int i = 0; i < crowd.count; i++)
		for (int k = 0; k < OF_EACH; k++)
			sum += stored[conversation_of(i, k)] - clients[i].last[k];
	return sum;
}

static bool
nothing_is_missing(void)
{
	return missing() == 0;
}

/* ---- the rounds */

static void
load_begin(void)
{
	sender = sender_open("rest", AHEAD);
	send_step = 1000000000 / option_number("rate", 200);
	send_next = usage_now();
}

/* Nothing more is sent, and all that was is stored. */
static void
load_end(PGconn *database, long before)
{
	send_step = 0;
	for (int64_t limit = usage_now() + END_SECONDS * 1000000000LL; stored_read(database) < before + sent;) {
		if (usage_now() > limit)
			usage_die("not all messages are stored");
		turn();
	}
}

/* Returns the seconds from the signal to the last one back. */
static double
round_run(int number)
{
	long supervisor = option_number("supervisor", 0);
	size_t before = gaps_count;
	int64_t start = usage_now();

	workers_count = usage_children(supervisor, workers, PROCESSES);
	if (kill((pid_t)supervisor, SIGHUP) != 0)
		usage_die("push's supervisor");
	bool whole = until(all_is_replaced, ROUND_SECONDS);
	double took = (double)(last_back - start) / 1e9, *own = gaps + before;
	size_t n = gaps_count - before;
	printf("       round %d: %d processes%s replaced, %zu times a client came back, after %.0f ms in the median, %.0f ms at most; the last one %.1f s after the signal\n",
	       number, workers_count, whole ? "" : " NOT", n, usage_quantile(own, n, 0.5), usage_quantile(own, n, 1), took);
	return whole ? took : ROUND_SECONDS;
}

static void
crowd_begin(PGconn *database)
{
	crowd_options(&crowd);
	crowd.message = on_message;
	crowd.text = on_text;
	crowd.gone = on_gone;
	crowd.keep_cursors = true;
	crowd_make(&crowd);
	clients = calloc((size_t)crowd.count, sizeof *clients);
	first_conversation = option_number("conversation", 0);
	conversations = (crowd.count + HUNDRED - 1) / HUNDRED * HUNDRED;
	stored = calloc((size_t)conversations, sizeof *stored);
	stored_read(database);
	for (int i = 0; i < crowd.count; i++)
		for (int k = 0; k < OF_EACH; k++)
			clients[i].last[k] = stored[conversation_of(i, k)];
	crowd_open(&crowd, 120);
	crowd_settle(&crowd);
	crowd.patient = true;
	replayed = 0;
}

int
main(int argc, char **argv)
{
	options_read(argc, argv, usage);
	setvbuf(stdout, NULL, _IOLBF, 0);
	usage_files();
	access_open(option_text("key", "var/secrets/jwt.key"));
	PGconn *database = PQconnectdb(option_text("database", ""));
	crowd_begin(database);

	long supervisor = option_number("supervisor", 0), postgres = option_number("postgres", 0), before = stored_read(database);
	int rounds = (int)option_number("rounds", 3);
	double seconds = 0;
	gaps_room = (size_t)(crowd.count * rounds * SENT_AWAY_MOST);
	gaps = calloc(gaps_room, sizeof *gaps);
	load_begin();
	until(never, CALM_SECONDS);
	usage_busy();
	int64_t push_cpu = usage_family(supervisor), postgres_cpu = usage_family(postgres);
	for (int i = 1; i <= rounds; i++) {
		double took = round_run(i);
		seconds = took > seconds ? took : seconds;
	}
	push_cpu = usage_family(supervisor) - push_cpu;
	postgres_cpu = usage_family(postgres) - postgres_cpu;
	double busy = usage_busy();
	load_end(database, before);
	until(nothing_is_missing, END_SECONDS);
	printf("result clients=%d rounds=%d back=%d returns=%zu p50=%.0f p99=%.0f max=%.0f lost=%ld repeated=%ld refused=%d cut=%ld seconds=%.1f sent=%ld replayed=%ld push_ms=%.0f postgres_ms=%.0f busy=%.0f\n",
	       crowd.count, rounds, crowd.opened - crowd.closed, gaps_count, usage_quantile(gaps, gaps_count, 0.5),
	       usage_quantile(gaps, gaps_count, 0.99), usage_quantile(gaps, gaps_count, 1), lost + missing(), repeated, crowd.refused, cut, seconds,
	       sent, replayed, (double)push_cpu / 1e6, (double)postgres_cpu / 1e6, busy);
	return 0;
}
