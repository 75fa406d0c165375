/* SPDX-License-Identifier: MIT */
/*
 * Marks after a break of the connections to Redis.
 *
 * The database does not date a mark. But each row of members names the transaction that wrote it
 * last. So this module notes a place in the order of transactions every few seconds. After a break
 * it reads the rows that were written since a place well before it.
 */
#include "push/session/marks.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/id.h"
#include "lib/base/pg_array.h"
#include "push/fanout/hub.h"
#include "push/links/db.h"
#include "push/links/ids.h"
#include "push/links/redis.h"
#include "push/links/result.h"
#include "push/net/loop.h"
#include "push/session/receipts.h"
#include "push/session/users.h"

enum {
	FIRST_NOTE_MS = 200,
	NOTE_EACH_MS = 5000,
	NOTES = 4, /* the oldest is 15 seconds old; a dead connection is noticed in half of that */
	WITHIN_MS = 10 * 1000,
	CONVERSATIONS_MOST = 500, /* conversations in one query; one query is under way */
};

static struct {
	struct timer timer;
	int64_t notes[NOTES]; /* the oldest first */
	int notes_count;
	bool held, again, release;
	struct ids conversations; /* conversations that are still to be read */
	bool under_way, failed;
} marks;

static void marks_next(void);

/* ---- places */

/*
 * Returns whether a new place may be noted. The first one is noted as soon as the database answers.
 * Later ones are noted while no notification is missed.
 */
static bool
may_note(void)
{
	return !marks.notes_count || (!marks.held && redis_answers());
}

static void
note_reply(void *context, PGresult *result)
{
	(void)context;
	if (!result || result_rows(result) != 1 || !may_note())
		return;
	if (marks.notes_count == NOTES)
		memmove(marks.notes, marks.notes + 1, --marks.notes_count * sizeof marks.notes[0]);
	marks.notes[marks.notes_count++] = result_int(result, 0, 0);
}

static void
note_fire(struct timer *t)
{
	timer_start(t, marks.notes_count ? NOTE_EACH_MS : FIRST_NOTE_MS);
	if (!db_is_up())
		return;
	if (may_note())
		db_query(QUERY_MARKS_CLOCK, NULL, FIRST_NOTE_MS, note_reply, NULL);
	if (marks.failed && !marks.under_way)
		marks_catch_up(true);
}

/* ---- reading */

static void
read_tell(const PGresult *result, int row)
{
	char json[512], now[CLOCK_TEXT_BYTES];
	struct topic *t = hub_topic(result_int(result, row, 0));
	const struct user *u = users_get(result_int(result, row, 1));

	if (!t || !u || !receipts_read(t, u->id, result_int(result, row, 2)))
		return;
	clock_text(clock_wall_ms(), now);
	int len = snprintf(json, sizeof json, "{\"type\":\"conversation.read\",\"time\":\"%s\",\"data\":%s}", now, result_text(result, row, 3));
	struct event *ev = event_ephemeral(EVENT_NOTICE, json, (size_t)len);
	users_notice(u, t, ev);
	event_unref(ev);
}

static void
reads_reply(void *context, PGresult *result)
{
	(void)context;
	for (int i = 0; result && i < result_rows(result); i++)
		read_tell(result, i);
}

static void
row_take(const PGresult *result, int row, struct pg_array *conversations, struct pg_array *users)
{
	int64_t user = result_int(result, row, 1), read = result_int(result, row, 3);
	struct topic *t = hub_topic(result_int(result, row, 0));

	if (!t)
		return;
	if (!user) {
		receipts_moved_counts(t);
		return;
	}
	receipts_moved(t, user, result_int(result, row, 2), read);
	if (!read || !users_get(user))
		return;
	pg_array_add(conversations, t->conversation);
	pg_array_add(users, user);
}

static void
marks_reply(void *context, PGresult *result)
{
	struct pg_array conversations = { 0 }, users = { 0 };

	(void)context;
	marks.under_way = false;
	marks.failed = marks.failed || !result;
	for (int i = 0; result && i < result_rows(result); i++)
		row_take(result, i, &conversations, &users);
	const char *params[] = { pg_array_text(&conversations), pg_array_text(&users) };
	if (users.count)
		db_query(QUERY_READS, params, WITHIN_MS, reads_reply, NULL);
	pg_array_free(&conversations);
	pg_array_free(&users);
	marks_next();
}

static void
marks_end(void)
{
	ids_free(&marks.conversations);
	if (marks.again)
		marks_catch_up(marks.release);
	else if (marks.release && !marks.failed)
		marks.held = marks.release = false;
}

static void
marks_next(void)
{
	char since[ID_TEXT_BYTES];
	struct pg_array ids = { 0 };

	if (!marks.conversations.count) {
		marks_end();
		return;
	}
	while (marks.conversations.count && ids.count < CONVERSATIONS_MOST)
		pg_array_add(&ids, marks.conversations.list[--marks.conversations.count]);
	id_text(marks.notes[0], since);
	const char *params[] = { pg_array_text(&ids), since };
	marks.under_way = true;
	db_query(QUERY_MARKS, params, WITHIN_MS, marks_reply, NULL);
	pg_array_free(&ids);
}

void
marks_catch_up(bool is_last)
{
	struct topic *t;

	marks.release = is_last;
	marks.again = marks.under_way;
	marks.failed = !marks.notes_count;
	if (marks.under_way || !marks.notes_count)
		return;
	for (size_t at = 0; (t = hub_next(&at));)
		ids_add(&marks.conversations, t->conversation);
	marks_next();
}

void
marks_hold(void)
{
	marks.held = true;
	marks.release = false;
}

void
marks_open(void)
{
	marks.timer.fire = note_fire;
	timer_start(&marks.timer, 1);
}

void
marks_close(void)
{
	timer_stop(&marks.timer);
	ids_free(&marks.conversations);
}
