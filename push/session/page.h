/* SPDX-License-Identifier: MIT */
/*
 * A page of the events that a stream has missed, as sync_events orders them.
 *
 * After many clients reconnected together, their pages are read one after the other, a few at a
 * time by size. So their number harms neither memory nor other clients.
 */
#ifndef PUSH_PAGE_H
#define PUSH_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/chat/cursor.h"
#include "push/fanout/event.h"
#include "push/links/store.h"

struct page;

/* Queries a page whose turn has come. */
typedef void page_turn(struct page *p);

/* A page and its query. All zero: nothing was read yet. */
struct page {
	struct event_list events;
	int rows;  /* rows of the answer, up to limit */
	int limit; /* rows that were queried */
	int most;  /* rows that may be queried; 0: any number */
	bool is_last;
	bool is_cut;	   /* more events follow: a limit of rows or bytes was reached */
	int64_t pass_end;  /* end of the pass that the page belongs to; 0: none */
	bool has_snapshot; /* the snapshot that read the rows is known */
	struct cursor_snapshot snapshot;

	page_turn *turn; /* called when the turn comes; NULL: the page does not wait */
	struct page *next, *prev;
	store_reply *reply; /* query under way … */
	void *context;
	uint32_t weight; /* … and its estimated bytes */
};

/* Waits for the page's turn, which may come at once. */
void page_wait(struct page *p, page_turn *turn);

/* Removes the page from those that wait. */
void page_leave(struct page *p);

/*
 * Queries the events that the user's cursor does not cover or, for NULL, those behind the delivered
 * marks. Called when the page's turn has come. The horizon was read before.
 */
void page_ask(struct page *p, int64_t user, const struct cursor *from, int64_t horizon, store_reply *reply, void *context);

/* Takes the rows of the answer. */
void page_take(struct page *p, const PGresult *result);

/* Makes the page an empty last page, without a query. */
void page_none(struct page *p);

#endif
