/* SPDX-License-Identifier: MIT */
/*
 * A connection to Redis that never blocks: name lookup, connecting, TLS, AUTH, SELECT and a first
 * PING. hiredis formats commands and parses replies. Debian's hiredis has no TLS, so the bytes of
 * rediss:// go through OpenSSL here.
 */
#ifndef LIB_REDIS_LINK_H
#define LIB_REDIS_LINK_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

enum redis_step { REDIS_WAIT, REDIS_DONE, REDIS_FAILED };

enum { REDIS_WHY_BYTES = 160 };

/* A connection. All zero: it is not open. */
struct redis_link {
	redisContext *context; /* commands are appended to it, and its reader has the replies */
	void *tls;	       /* OpenSSL's SSL, or NULL */
	enum { REDIS_CONNECTING, REDIS_SHAKING, REDIS_GREETING, REDIS_UP } state;
	int greetings;		   /* replies until the connection is up */
	unsigned address;	   /* number of the name's address, modulo their count */
	short events;		   /* POLLIN and POLLOUT, for redis_link_stand */
	char why[REDIS_WHY_BYTES]; /* the reason of a failure; never a password */
};

/*
 * Exits with 64 and a sentence when the URL or the TLS settings cannot be used. Without a URL,
 * Redis counts as unavailable.
 */
void redis_check(void);

/*
 * Begins to connect. WAIT: the name is being looked up; call again in RESOLVER_POLL_MS. DONE: the
 * descriptor is context->fd.
 */
enum redis_step redis_link_begin(struct redis_link *l) __attribute__((warn_unused_result));

/* Continues when the descriptor is ready. WAIT: for l->events. DONE: the connection is up. */
enum redis_step redis_link_stand(struct redis_link *l) __attribute__((warn_unused_result));

/*
 * Read available bytes into the reader, and write appended commands. *done: all of them are
 * written. Return false when the connection is broken.
 */
bool redis_link_read(struct redis_link *l) __attribute__((warn_unused_result));
bool redis_link_write(struct redis_link *l, int *done) __attribute__((warn_unused_result));

/* Returns the bytes that were appended and not yet written. */
size_t redis_link_unsent(const struct redis_link *l);

/*
 * Closes the connection. l->why stays. When it was not up yet, the next connection goes to the next
 * address of the name.
 */
void redis_link_end(struct redis_link *l);

#endif
