/* SPDX-License-Identifier: MIT */
/*
 * A connection: one socket, one deadline, one bounded queue, one reason to close.
 * Nothing is freed while a turn of the loop goes on: conn_close marks, conn_turn_end frees.
 */
#ifndef PUSH_CONN_H
#define PUSH_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/memory.h"
#include "bound.h"
#include "buffer.h"
#include "close.h"
#include "event.h"
#include "frame.h"
#include "loop.h"
#include "position.h"
#include "queue.h"

enum conn_state {
	CONN_HEAD,    /* the request is being read */
	CONN_AUTH,    /* a WebSocket without credentials yet */
	CONN_OPENING, /* credentials, memberships and missed events are on their way */
	CONN_LIVE,    /* events go out as they come (while ->opening is set, they are kept aside for it) */
	CONN_CLOSING, /* it was said why; what is queued still goes out */
	CONN_DEAD,    /* freed when the turn ends */
};

struct opening;
struct since;
struct transport;
struct user;
struct watching;

/* A stream's place among a topic's listeners (hub.c). */
struct subscription {
	uint32_t topic;
	uint32_t place;
};

/* What a delivery looks at stands first, in two lines of the cache: the kernel's sends leave little else of it behind. */
struct conn {
	_Alignas(CACHE_LINE_BYTES) struct watch watch;
	struct queue queue;
	struct position *position;
	uint32_t events_out;
	enum conn_state state : 8;
	bool writable : 1, touched : 1, ending : 1, left : 1, shut : 1;
	bool replied : 1;     /* the head of the reply is out */
	bool awaits_pong : 1; /* WebSocket */
	bool waiting : 1;     /* long-poll: a request wants its answer */
	bool answering : 1;   /* long-poll: an answer is still going out */
	bool stale : 1;	      /* long-poll: something came that could not be kept; the next request opens anew */
	bool keep_alive : 1;  /* long-poll */
	bool bodiless : 1;    /* a request for a head alone */
	bool ends_by_token : 1;
	bool away : 1;	   /* what its beats say */
	bool counted : 1;  /* among the open streams */
	bool newcomer : 1; /* no stream yet; user_next and user_prev are its place among those like it */

	const struct transport *transport;
	struct opening *opening;
	uint64_t bytes_out;

	struct timer timer; /* the one deadline */
	enum close_reason why;
	uint8_t bound; /* that it has met */

	uint8_t *pending; /* what came and could not be used yet */
	uint32_t pending_len;
	struct frame_input input;

	struct user *user;
	struct conn *user_next, *user_prev;
	int64_t device;
	struct subscription *subscriptions;
	uint32_t subscriptions_count, subscriptions_room;
	uint32_t wired_round; /* the sweep round in which it last joined something */
	struct watching *watching;

	struct position *answered; /* long-poll: where the last answer ended */
	uint32_t wait_ms;	   /* long-poll: how long this request may wait */
	uint16_t origin_at;	   /* the page's origin, where it stands in settings.origins */
	uint8_t origin_len;

	uint64_t address; /* hash of the peer's address, for limits */
	uint64_t number;  /* for the log */
	uint32_t pins;	  /* questions under way that know this connection */
	int64_t opened_ms;
	int64_t ends_ms;     /* lifetime, or the token's end */
	uint16_t tokens;     /* frames that may still come … */
	uint32_t tokens_sec; /* … counted since this second */
	int64_t typed_ms, typed_in;
	struct since *since; /* what the client has said of where it wants to go on, until it is known who it is */
	uint32_t slot;	     /* among all connections */
};

/* Asks for the two lines that a delivery needs, some connections ahead. */
static inline void
conn_prefetch(const struct conn *c)
{
	__builtin_prefetch(&c->watch, 1);
	__builtin_prefetch(&c->transport, 1);
}

/* Takes over an accepted socket. Where there are as many newcomers as may be, the oldest ends for it. */
void conn_open(int fd, uint64_t address);

/* Queues a part of a buffer (refs it); who calls has asked conn_has_room. */
void conn_queue(struct conn *c, struct chunk k);

/* Queues a copy of bytes. A queue without room: the connection is closed as a slow reader. */
void conn_queue_bytes(struct conn *c, const void *bytes, size_t len);

/* Bytes that may wait for it: fewer for a poll, whose answer is one block, and for all when memory is scarce. */
uint32_t conn_queue_limit(const struct conn *c);

/*
 * Is there room for so many bytes? Always for last words. A queue that is full is written first, as far as the peer takes it: a turn may
 * bring more than a queue holds to somebody who reads.
 */
bool conn_has_room(struct conn *c, uint32_t len);

/* Is so much waiting for the peer that a replay waits until that is out? An answer to a poll is made at once, of what it has room for. */
bool conn_is_behind(const struct conn *c);

/* There was no room: it is closed as a slow reader. */
void conn_lags(struct conn *c);

/* Keeps n bytes for the next time something comes; so many that nothing could be read behind them end the connection. */
void conn_keep(struct conn *c, const uint8_t *data, size_t n);

/* Looks again at what is kept (after a poll's answer, say). */
void conn_resume_input(struct conn *c);

/* One door out: says why to the peer and the log; leaves the hub and is freed when the turn is over. Does nothing the second time. */
void conn_close(struct conn *c, enum close_reason why);

/* The same for one that has met a bound: it is counted, and named in the log. */
void conn_exceeds(struct conn *c, enum bound bound, enum close_reason why);

/* Moves to another state. */
void conn_enter(struct conn *c, enum conn_state state);

/* (Re)starts the deadline that fits the state. */
void conn_deadline(struct conn *c, int64_t delay_ms);

/* A pinned connection is not freed, though it may end: its state tells. */
void conn_pin(struct conn *c);
void conn_unpin(struct conn *c);

/* Flushes what this turn has queued, once for each connection, and frees what has ended. */
void conn_turn_end(void);

/* Are there as many as descriptors allow, but for those that the process needs for itself? */
bool conn_is_full(void);

/* May one more come (newcomers_have_room)? */
bool conn_may_open(void);

/* How many connections are there, and of one address? The address becomes another when a proxy tells it. */
size_t conn_count(void);
size_t conn_count_of(uint64_t address);
void conn_address(struct conn *c, uint64_t address);

/* The next of all connections; the first after NULL. */
struct conn *conn_next(struct conn *after);

/* Frees what the module holds; no connection is left. */
void conn_shutdown(void);

#endif
