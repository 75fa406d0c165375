/* SPDX-License-Identifier: MIT */
/* banter-push: holds the streams. */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../lib/bearer.h"
#include "../lib/database.h"
#include "../lib/limiter.h"
#include "../lib/log.h"
#include "../lib/settings.h"
#include "../lib/token.h"
#include "bell.h"
#include "bundle.h"
#include "bus.h"
#include "close.h"
#include "conn.h"
#include "flush.h"
#include "health.h"
#include "hub.h"
#include "listener.h"
#include "loop.h"
#include "metrics.h"
#include "opening.h"
#include "processes.h"
#include "receipts.h"
#include "sending.h"
#include "store.h"
#include "stream.h"
#include "sweep.h"
#include "users.h"
#include "watching.h"

enum { LAST_ANSWERS_MS = 2000 };

static volatile sig_atomic_t asked_to_end;

static const char *const flags[] = { "--close-codes", "--events", NULL };

/* Every type that goes down a stream (docs/events.md). */
static const char *const event_types[] = {
	"stream.ready",		"stream.reset",		"stream.bye",	     "stream.health",  "message.created", "conversation.created",
	"conversation.updated", "conversation.deleted", "conversation.read", "member.added",   "member.updated",  "member.removed",
	"receipt.updated",	"presence.updated",	"presence.state",    "typing.updated", "message.sent",	  "error",
};

static void
answer_flags(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--close-codes") == 0) {
			close_print(stdout);
			exit(0);
		}
		if (strcmp(argv[i], "--events") == 0) {
			for (size_t k = 0; k < sizeof event_types / sizeof event_types[0]; k++)
				puts(event_types[k]);
			exit(0);
		}
	}
}

static void
on_end(int signal_number)
{
	(void)signal_number;
	asked_to_end = 1;
}

static void
take_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void
turn(void)
{
	loop_turn();
	bus_turn_end();
	opening_turn_end();
	conn_turn_end();
	hub_turn_end();
	sending_turn_end();
	store_turn_end();
	bus_turn_end();
	metrics_turn_end();
}

/* Nobody new; those who are here are sent away one after the other, and what they have acknowledged is written. */
static void
drain(void)
{
	int64_t until = loop_now() + settings.drain_seconds * 1000;

	log_line(LOG_INFO, "draining", "connections=%zu", conn_count());
	listener_close();
	stream_drain_all(settings.drain_seconds * 1000 / 2);
	while (conn_count() > 0 && loop_now() < until)
		turn();
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		conn_close(c, CLOSE_GONE);
	sweep_close();
	watching_close();
	health_close();
	receipts_flush();
	until = loop_now() + LAST_ANSWERS_MS;
	do
		turn();
	while (!store_is_idle() && loop_now() < until);
}

static void
serve(void)
{
	struct sigaction end = { .sa_handler = on_end };

	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	signal(SIGPIPE, SIG_IGN);
	limiter_open(limiter_make());
	loop_open();
	flush_open();
	bearers_open();
	store_open();
	bus_open(bell_message, bundle_give_all, sweep_hurry);
	sweep_open();
	watching_open();
	health_open();
	listener_open();
	log_line(LOG_INFO, "started", "address=%s port=%ld", settings.push_listen, settings.push_port);
	while (!asked_to_end)
		turn();
	drain();
	store_close();
	bus_close();
	conn_turn_end();
	hub_close();
	users_close();
	conn_shutdown();
	loop_close();
	log_line(LOG_INFO, "stopped", "pid=%d", (int)getpid());
}

int
main(int argc, char **argv)
{
	settings_load(argc, argv, "banter-push: WebSocket, Server-Sent Events and long-poll streams of Banter", flags);
	answer_flags(argc, argv);
	log_open("push", strcmp(settings.log_format, "json") == 0);
	if (sodium_init() < 0)
		return 70;
	take_descriptors();
	database_check();
	token_open();
	processes_run((int)settings.push_processes, serve);
	return 0;
}
