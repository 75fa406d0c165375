/* SPDX-License-Identifier: MIT */
/*
 * Sends up the socket: each of many authors has some message.send under way on a WebSocket of their
 * own, and sends the next one when one is answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "crowd.h"
#include "options.h"
#include "usage.h"

enum { FRAME_BYTES = 2048, WAITS = 1000000 };

static const char usage[] =
	"key=FILE port=PORT users=FIRST conversations=FIRST subscribers=SOCKETS inflight=N seconds=S [per_conversation=10] [text=TEXT]";

/* When each message of a socket that is under way was sent; they are answered in that order. */
struct author {
	int64_t *sent;
	long first, end;
	char mark[32];
};

static struct author *authors;
static int in_flight;
static long answered, number;
static double waits[WAITS];
static int64_t until;
static const char *text;

static void
author_send(struct crowd *w, struct subscriber *s)
{
	struct author *a = &authors[s - w->all];
	char json[FRAME_BYTES], frame[FRAME_BYTES + 16];
	long conversation = option_number("conversations", 0) + (s - w->all);

	int n = snprintf(json, sizeof json, "{\"type\":\"message.send\",\"conversation_id\":\"%ld\",\"client_id\":\"%s.%ld\",\"text\":\"%s\"}",
			 conversation, a->mark, ++number, text);
	a->sent[a->end++ % in_flight] = usage_now();
	subscriber_write(s, frame, wire_frame(1, json, (size_t)n, frame));
}

static void
on_text(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	static const char sent[] = "{\"type\":\"message.sent\"", error[] = "{\"type\":\"error\"";

	if (n > sizeof error && memcmp(json, error, sizeof error - 1) == 0) {
		fprintf(stderr, "refused: %.*s\n", (int)n, json);
		exit(1);
	}
	if (n < sizeof sent || memcmp(json, sent, sizeof sent - 1) != 0)
		return;
	struct author *a = &authors[s - w->all];
	int64_t now = usage_now();
	waits[answered++ % WAITS] = (double)(now - a->sent[a->first++ % in_flight]) / 1e3;
	if (now < until)
		author_send(w, s);
}

static void
on_message(struct crowd *w, struct subscriber *s, const char *json, size_t n)
{
	(void)w;
	(void)s;
	(void)json;
	(void)n;
}

int
main(int argc, char **argv)
{
	struct crowd crowd = { .message = on_message, .text = on_text };

	options_read(argc, argv, usage);
	usage_files();
	access_open(option_text("key", "var/secrets/jwt.key"));
	text = option_text("text", "hello");
	crowd_options(&crowd);
	crowd.first_user = option_number("users", 0) + 1;
	crowd.user_step = option_number("per_conversation", 10);
	in_flight = (int)option_number("inflight", 1);
	authors = calloc((size_t)crowd.count, sizeof *authors);
	crowd_make(&crowd);
	crowd_open(&crowd, 60);

	usage_busy();
	int64_t start = usage_now();
	until = start + option_number("seconds", 5) * 1000000000;
	for (int i = 0; i < crowd.count; i++) {
		authors[i].sent = calloc((size_t)in_flight, sizeof *authors[i].sent);
		snprintf(authors[i].mark, sizeof authors[i].mark, "s%ld", (long)(start / 1000));
		for (int k = 0; k < in_flight; k++)
			author_send(&crowd, &crowd.all[i]);
	}
	while (usage_now() < until + 5000000000 && answered < number)
		crowd_turn(&crowd, 100);
	double took = (double)(usage_now() - start) / 1e9;
	size_t n = answered < WAITS ? (size_t)answered : WAITS;
	printf("sent=%ld took=%.3f failed=%ld p50_us=%.0f p99_us=%.0f client_us=%.0f\n", answered, took, number - answered,
	       usage_quantile(waits, n, 0.5), usage_quantile(waits, n, 0.99), usage_busy() * took * 1e4 / (double)answered);
	return number != answered;
}
