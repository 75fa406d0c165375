/* SPDX-License-Identifier: MIT */
/*
 * A page of the events that a stream has missed, as sync_events orders them.
 *
 * After many clients reconnected together, their pages are read one after the other, a few at a
 * time by size. So their number harms neither memory nor other clients.
 */
#ifndef PUSH_REPLAY_H
#define PUSH_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/chat/cursor.h"
#include "push/fanout/event.h"
#include "push/links/db.h"

struct replay_page;

/* Queries a page whose turn has come. */
typedef void replay_page_turn(struct replay_page *p);

/* A page and its query. All zero: nothing was read yet. */
struct replay_page {
	struct event_list events;
	int rows;  /* rows of the answer, up to limit */
	int limit; /* rows that were queried */
	int most;  /* rows that may be queried; 0: any number */
	bool is_last;
	bool is_cut;	   /* more events follow: a limit of rows or bytes was reached */
	int64_t pass_end;  /* end of the pass that the page belongs to; 0: none */
	bool has_snapshot; /* the snapshot that read the rows is known */
	struct cursor_snapshot snapshot;

	replay_page_turn *turn; /* called when the turn comes; NULL: the page does not wait */
	struct replay_page *next, *prev;
	db_reply *reply; /* query under way … */
	void *context;
	uint32_t weight; /* … and its estimated bytes */
};

/* Waits for the page's turn, which may come at once. */
void replay_page_wait(struct replay_page *p, replay_page_turn *turn);

/* Removes the page from those that wait. */
void replay_page_leave(struct replay_page *p);

/*
 * Queries the events that the user's cursor does not cover or, for NULL, those behind the delivered
 * marks. Called when the page's turn has come. The horizon was read before.
 */
void replay_page_ask(struct replay_page *p, int64_t user, const struct cursor *from, int64_t horizon, db_reply *reply, void *context);

/* Takes the rows of the answer. */
void replay_page_take(struct replay_page *p, const PGresult *result);

/* Makes the page an empty last page, without a query. */
void replay_page_none(struct replay_page *p);

#endif
