/* SPDX-License-Identifier: MIT */
/*
 * A connection to Redis in the event loop. It connects, sends a PING now and then, drops a silent
 * connection, and reconnects.
 */
#ifndef PUSH_WIRE_H
#define PUSH_WIRE_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/links/redis_link.h"
#include "push/net/loop.h"

struct wire {
	struct redis_link link;
	struct watch watch;
	struct timer timer;
	const char *name; /* name in the log */
	bool up, want_write, dirty;
	bool told;   /* its loss was logged */
	bool closed; /* it does not reconnect */
	int64_t heard_ms, pinged_ms;
	bool pinged; /* a PING has no answer yet */
	void (*reply)(struct wire *w, redisReply *r);
	void (*paused)(void);		 /* called after all replies of one read */
	void (*began)(struct wire *w);	 /* called when the connection is up */
	void (*dropped)(struct wire *w); /* called when it is dropped */
	void (*ping)(struct wire *w);	 /* appends a PING */
};

void wire_open(struct wire *w);
void wire_close(struct wire *w);

/* Drops the connection, which reconnects later. */
void wire_drop(struct wire *w, const char *why);

/* Appends a command, which is sent when the turn ends. */
void wire_append(struct wire *w, int argc, const char *const *argv, const size_t *lens);
void wire_turn_end(struct wire *w);

#endif
