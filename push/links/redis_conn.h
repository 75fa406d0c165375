/* SPDX-License-Identifier: MIT */
/*
 * A connection to Redis in the event loop. It connects, sends a PING now and then, drops a silent
 * connection, and reconnects.
 */
#ifndef PUSH_REDIS_CONN_H
#define PUSH_REDIS_CONN_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/links/redis_link.h"
#include "push/net/loop.h"

struct redis_conn {
	struct redis_link link;
	struct watch watch;
	struct timer timer;
	const char *name; /* name in the log */
	bool up, want_write, dirty;
	bool told;   /* its loss was logged */
	bool closed; /* it does not reconnect */
	int64_t heard_ms, pinged_ms;
	bool pinged; /* a PING has no answer yet */
	void (*reply)(struct redis_conn *w, redisReply *r);
	void (*paused)(void);		       /* called after all replies of one read */
	void (*began)(struct redis_conn *w);   /* called when the connection is up */
	void (*dropped)(struct redis_conn *w); /* called when it is dropped */
	void (*ping)(struct redis_conn *w);    /* appends a PING */
};

void redis_conn_open(struct redis_conn *w);
void redis_conn_close(struct redis_conn *w);

/* Drops the connection, which reconnects later. */
void redis_conn_drop(struct redis_conn *w, const char *why);

/* Appends a command, which is sent when the turn ends. */
void redis_conn_append(struct redis_conn *w, int argc, const char *const *argv, const size_t *lens);
void redis_conn_turn_end(struct redis_conn *w);

#endif
