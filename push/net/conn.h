/* SPDX-License-Identifier: MIT */
/* A connection: one socket, deadline, queue and close reason. conn_turn_end alone frees it. */
#ifndef PUSH_CONN_H
#define PUSH_CONN_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/memory.h"
#include "push/net/buffer.h"
#include "push/net/close.h"
#include "push/net/conn_owner.h"
#include "push/net/limit.h"
#include "push/net/loop.h"
#include "push/net/queue.h"

enum conn_state {
	CONN_HEAD,    /* the head of the request is being read */
	CONN_AUTH,    /* a WebSocket that is not authenticated yet */
	CONN_OPENING, /* credentials, memberships and missed events are being read */
	CONN_LIVE,    /* events are delivered as they come, or kept aside while ->resume is set */
	CONN_CLOSING, /* the peer was sent the reason; the queue is still being written */
	CONN_DEAD,    /* freed when the turn ends */
};

struct resume;
struct cursor_state;
struct rare;
struct subscription;
struct presence;

/* Part of a long-poll. */
struct conn_poll {
	bool waiting : 1;   /* a request waits for its answer */
	bool answering : 1; /* an answer is being sent */
	/* an event was missed; the next request opens the stream again */
	bool stale : 1;
	bool keep_alive : 1; /* the connection stays open after the answer */
};

/* Part of a WebSocket. */
struct conn_ws {
	uint32_t tokens_sec;  /* second in which tokens was last refilled */
	uint16_t tokens;      /* frames that the client may still send */
	bool awaits_pong : 1; /* the last ping has no answer yet */
	bool away : 1;	      /* status in its heartbeats */
};

/*
 * State of a connection, in four cache lines. A delivery reads the first two alone, because the
 * kernel's sends evict the rest. An idle stream needs the others. Fields that few connections use
 * are in struct rare.
 */
struct conn {
	/* lines 1 and 2: read by each delivery */
	_Alignas(CACHE_LINE_BYTES) struct watch watch;
	struct queue queue;
	struct cursor_state *cursor_state;
	uint32_t events_out;
	enum conn_state state : 8;
	bool writable : 1, touched : 1, ending : 1, left : 1, shut : 1;
	bool replied : 1;	  /* the head of the reply is queued */
	bool bodiless : 1;	  /* HEAD request: the reply has no body */
	bool unauthenticated : 1; /* linked by user_next and user_prev (unauthenticated.c) */
	struct conn_poll poll;
	enum close_reason why : 8;

	const struct conn_owner *owner;
	struct resume *resume;
	struct rare *rare; /* NULL: no such fields */
	uint64_t bytes_out;
	struct timer timer; /* deadline of the current state */

	/* line 3 and the beginning of line 4: the stream */
	int64_t user; /* 0: not authenticated */
	struct conn *user_next, *user_prev;
	int64_t device;
	struct subscription *subscriptions;
	uint32_t subscriptions_count, subscriptions_room;
	struct presence *presence; /* NULL: watches nobody */
	/* highest base that the client has acknowledged; 0: receipts.c relies on none */
	int64_t acked_base;

	int64_t ends_ms; /* end of the lifetime, or of the token */
	/* time of the user's last typing (low bits), and its topic's slot + 1 */
	uint32_t typed_ms, typed_in;
	/* round of the sweep in which it last joined its topics */
	uint32_t joined_round;

	/* the socket, its request and its limits */
	uint32_t slot;	  /* index in the list of all connections */
	uint64_t number;  /* name of the connection in the log */
	uint64_t address; /* hash of the client's address, for limits */
	int64_t opened_ms;
	uint32_t pins;	    /* queries and sends under way that refer to this connection */
	uint16_t origin_at; /* offset of the page's origin in settings.origins */
	uint8_t origin_len;
	uint8_t limit : 6;	/* limit that the connection has met */
	bool ends_by_token : 1; /* ends_ms is the end of the token */
	bool counted : 1;	/* counted as an open stream */
	struct conn_ws ws;
};

static_assert(LIMITS <= 1 << 6, "a limit fits its bits");
static_assert(CLOSE_REASONS <= 1 << 8, "a close reason fits its bits");
static_assert(sizeof(struct conn) == 4 * CACHE_LINE_BYTES, "an idle stream needs four lines: think before it needs a fifth");

/* Opens a connection on a socket. Closes the oldest unauthenticated one when there are too many. */
void conn_open(int fd, uint64_t address, const struct conn_owner *owner);

/* Closes a connection and reports the reason to peer and log. A second call does nothing. */
void conn_close(struct conn *c, enum close_reason why);

/* Closes a connection that has met a limit. Counts the limit and names it in the log. */
void conn_close_over_limit(struct conn *c, enum limit limit, enum close_reason why);

/* Moves a connection to a later state, or a kept long-poll to CONN_HEAD. */
void conn_enter(struct conn *c, enum conn_state state);

/* Starts or restarts the connection's deadline. */
void conn_deadline(struct conn *c, int64_t delay_ms);

/* Pins a connection, so that it may close but is not freed; unpins it. */
void conn_pin(struct conn *c);
void conn_unpin(struct conn *c);

/* Flushes each connection that this turn has touched, and frees those that have ended. */
void conn_turn_end(void);

/* Frees the module's memory. No connection may be left. */
void conn_shutdown(void);

#endif
