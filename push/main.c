/* SPDX-License-Identifier: MIT */
/* Program banter-push: holds the streams. */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/auth/bearer.h"
#include "lib/auth/limiter.h"
#include "lib/auth/token.h"
#include "lib/base/log.h"
#include "lib/base/log_file.h"
#include "lib/base/settings.h"
#include "lib/links/database.h"
#include "lib/links/redis_link.h"
#include "lib/process/private.h"
#include "lib/process/workers.h"
#include "push/catchup.h"
#include "push/dispatch.h"
#include "push/fanout/event_batch.h"
#include "push/fanout/hub.h"
#include "push/fanout/subscribe_wait.h"
#include "push/fanout/transport.h"
#include "push/links/db.h"
#include "push/links/horizon.h"
#include "push/links/redis.h"
#include "push/net/close.h"
#include "push/net/conn.h"
#include "push/net/conns.h"
#include "push/net/flush.h"
#include "push/net/listener.h"
#include "push/net/loop.h"
#include "push/net/metrics.h"
#include "push/net/peer.h"
#include "push/net/unfinished.h"
#include "push/session/health.h"
#include "push/session/heartbeat.h"
#include "push/session/marks.h"
#include "push/session/memberships.h"
#include "push/session/message_writer.h"
#include "push/session/presence.h"
#include "push/session/receipts.h"
#include "push/session/resume.h"
#include "push/session/revocations.h"
#include "push/session/rights.h"
#include "push/session/stream.h"
#include "push/session/users.h"
#include "push/session/watched.h"
#include "push/supervisor.h"
#include "push/sweep.h"

enum {
	/* longest wait for PostgreSQL and Redis before the process accepts streams anyway */
	WARM_MS = 2000,
	DRAIN_SLACK_MS = 100,  /* margin after the moment of the last stream */
	LAST_ANSWERS_MS = 500, /* wait for the last answers, within the supervisor's limit */
};

static volatile sig_atomic_t asked_to_end; /* shutdown signal; 0 while running */

static const char *const flags[] = { "--close-codes", WORKER_FLAG, NULL };

static void
answer_flags(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--close-codes") == 0) {
			close_print(stdout);
			exit(0);
		}
	}
}

static void
on_end(int signal_number)
{
	asked_to_end = signal_number;
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
	message_writer_turn_end();
	db_turn_end(); /* PostgreSQL works while the streams are written to */
	redis_turn_end();
	sweep_turn_end();
	subscribe_wait_turn_end();
	conn_turn_end();
	hub_turn_end();
	memberships_turn_end();
	/* again: a stream whose replay was taken may have sent messages meanwhile */
	message_writer_turn_end();
	db_turn_end();
	redis_turn_end();
	metrics_turn_end(loop_now());
}

/*
 * Waits until PostgreSQL and Redis answer. So a stream that the former process sends here opens at
 * once.
 */
static void
warm_up(void)
{
	int64_t until = loop_now() + WARM_MS;

	while (!asked_to_end && loop_now() < until && !(db_answers() && horizon_latest() && redis_answers()))
		turn();
}

static void
turn_until_empty(int64_t until)
{
	while (conn_count() > 0 && loop_now() < until)
		turn();
}

static void
close_all(enum close_reason why)
{
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		conn_close(c, why);
}

/* Closes all connections that are still open, without a last frame. */
static void
cut_all(void)
{
	close_all(CLOSE_GONE);
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		conn_enter(c, CONN_DEAD);
}

/*
 * Returns the time in which the streams close: half of the drain time. It is longer when the other
 * processes need longer to accept all of them, so that no client waits there.
 */
static int64_t
farewell_ms(int64_t within)
{
	int64_t crowd = (int64_t)conn_count() * 1000 / settings.push_accept_rate * 5 / 4, most = within * 4 / 5;

	if (crowd > most)
		return most;
	return crowd > within / 2 ? crowd : within / 2;
}

/*
 * Drains the process. Accepts no new connections, closes the streams one after the other, and
 * stores what their clients have acknowledged.
 */
static void
drain(void)
{
	bool replaced = asked_to_end == WORKER_REPLACED;
	int64_t within = settings.drain_seconds * 1000, farewell = farewell_ms(within), begun = loop_now(), until;

	log_line(LOG_INFO, "draining", "connections=%zu replaced=%s", conn_count(), replaced ? "yes" : "no");
	listener_close();
	stream_drain_all(farewell, replaced);
	turn_until_empty(begun + farewell + DRAIN_SLACK_MS);
	close_all(CLOSE_DRAIN);
	turn_until_empty(begun + within);
	cut_all();
	sweep_close();
	revocations_close();
	catchup_close();
	marks_close();
	rights_close();
	heartbeat_close();
	health_close();
	unfinished_close();
	receipts_flush();
	until = loop_now() + LAST_ANSWERS_MS;
	do
		turn();
	while (!db_is_idle() && loop_now() < until);
}

/*
 * Sets up the signals. A worker ignores those that a terminal sends to the whole group. It ends
 * when the supervisor dies, because it has no successor then.
 */
static void
signals_open(void)
{
	struct sigaction end = { .sa_handler = on_end };

	sigaction(WORKER_REPLACED, &end, NULL);
	sigaction(WORKER_ENDS, &end, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, WORKER_ENDS);
}

/* Notifies the modules that an event of a topic concerns, beside its streams. */
static void
topic_delivered(struct topic *t, const struct event *ev)
{
	receipts_delivered(t, ev);
	presence_changed(t, ev);
}

static const struct hub_calls hub_calls = {
	.resync = resume_resync,
	.keep = resume_keep,
	.delivered = topic_delivered,
	.begun = sweep_begun,
	.behind = sweep_behind,
	.caught_up = sweep_caught_up,
	.freed = receipts_free,
};

static int
serve(void)
{
	worker_begin(WORKER_KEPT);
	signals_open();
	metrics_begin(WORKER_METRICS);
	limiter_open(WORKER_LIMITER);
	loop_open();
	flush_open();
	bearers_open();
	hub_open(&hub_calls);
	message_writer_open();
	db_open();
	redis_open(dispatch_notification, event_batch_deliver_all, catchup_begin);
	sweep_open();
	revocations_open();
	watched_open();
	rights_open();
	heartbeat_open();
	marks_open();
	catchup_open();
	health_open();
	unfinished_open();
	warm_up();
	peer_open();
	listener_open(WORKER_SOCKET, &transport_http.owner);
	log_line(LOG_INFO, "started", "pid=%d", (int)getpid());
	worker_ready(1);
	while (!asked_to_end) {
		worker_beat(0);
		turn();
	}
	drain();
	db_close();
	message_writer_close();
	redis_close();
	conn_turn_end();
	hub_close();
	users_close();
	watched_close();
	conn_shutdown();
	loop_close();
	log_line(LOG_INFO, "stopped", "pid=%d", (int)getpid());
	return 0;
}

int
main(int argc, char **argv)
{
	private_memory();
	settings_load(argc, argv, "banter-push: WebSocket, Server-Sent Events and long-poll streams of Banter", flags);
	answer_flags(argc, argv);
	log_file_open(settings.log_file, settings.log_bytes);
	log_open("push", strcmp(settings.log_format, "json") == 0);
	if (sodium_init() < 0)
		return 70;
	take_descriptors();
	redis_check();
	token_open();
	database_check();
	return worker_is(argc, argv) ? serve() : supervisor_run(argc, argv);
}
