/* SPDX-License-Identifier: MIT */
/* Receipts: acknowledgements to the database, and moved marks to the streams. */
#include "push/session/receipts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/id.h"
#include "lib/base/limits.h"
#include "lib/base/map.h"
#include "lib/base/memory.h"
#include "lib/base/pg_array.h"
#include "push/fanout/delivery.h"
#include "push/links/db.h"
#include "push/links/ids.h"
#include "push/links/redis.h"
#include "push/links/result.h"
#include "push/net/conns.h"
#include "push/net/metrics.h"
#include "push/session/users.h"

enum {
	ACKS_MOST = 256,     /* acknowledgements in one statement */
	STATEMENTS_MOST = 4, /* statements under way */
	WITHIN_MS = 10 * 1000,
	TELL_EACH_MS = 1000,
	RECENT_MESSAGES = 8,
	MARKS_MOST = 2 * LIMIT_MEMBERS_NAMED,
	/*
	 * conversations that an acknowledgement names; with more, the database checks all of the
	 * user's
	 */
	LISTED_MOST = 256,
};

/*
 * Distance by which a topic may be behind what a replay has delivered, in ids: their upper 42 bits
 * are milliseconds. The sweep finds such a topic within seconds.
 */
#define TOPIC_BEHIND ((int64_t)60 * 1000 << 22)

/* ---- acknowledgements to the database */

struct ack {
	int64_t user;
	struct cursor cursor;
	/* all conversations of the user are checked, and not only the listed ones */
	bool whole;
	struct ids listed; /* conversations with an event since the last acknowledgement */
};

static struct {
	struct timer timer;
	struct ack *list;
	size_t count, room;
	struct map by_user; /* user -> number of the acknowledgement, from 1 */
	/* acknowledgements that have left the list; the first of the list has the next number */
	size_t written;
	int under_way; /* statements */
} acks;

/*
 * Joins two cursors of one user. The newer base with the exceptions of both may cover less than
 * they do, never more.
 */
static void
cursor_join(struct cursor *into, const struct cursor *from)
{
	cursor_rebase(into, from->base);
	for (int i = 0; i < from->count; i++)
		cursor_advance(into, from->exceptions[i].conversation, from->exceptions[i].id);
}

/*
 * Forgets what the clients of all streams acknowledged, because a statement has failed. The next
 * acknowledgements check all conversations.
 */
static void
acks_doubt(void)
{
	for (struct conn *c = conn_next(NULL); c; c = conn_next(c))
		c->acked_base = 0;
}

static void
deliver_reply(void *context, PGresult *result)
{
	(void)context;
	acks.under_way--;
	if (!result)
		acks_doubt();
	for (int i = 0; result && i < result_rows(result); i++)
		redis_publish(result_text(result, i, 0), result_text(result, i, 1), result_length(result, i, 1));
}

static void
acks_write(const struct ack *list, size_t count)
{
	struct pg_array users = { 0 }, bases = { 0 }, exception_users = { 0 }, conversations = { 0 }, ids = { 0 }, listed = { 0 };

	for (const struct ack *a = list; a < list + count; a++) {
		pg_array_add(&users, a->user);
		pg_array_add(&bases, a->cursor.base);
		for (int k = 0; k < a->cursor.count; k++) {
			pg_array_add(&exception_users, a->user);
			pg_array_add(&conversations, a->cursor.exceptions[k].conversation);
			pg_array_add(&ids, a->cursor.exceptions[k].id);
		}
		if (a->whole)
			continue;
		pg_array_add(&listed, a->user);
		for (size_t k = 0; k < a->listed.count; k++) {
			pg_array_add(&exception_users, a->user);
			pg_array_add(&conversations, a->listed.list[k]);
			pg_array_add(&ids, a->cursor.base > 0 ? a->cursor.base - 1 : 0);
		}
	}
	const char *params[] = { pg_array_text(&users),		pg_array_text(&bases), pg_array_text(&exception_users),
				 pg_array_text(&conversations), pg_array_text(&ids),   pg_array_text(&listed) };
	acks.under_way++;
	db_query(QUERY_DELIVER, params, WITHIN_MS, deliver_reply, NULL);
	pg_array_free(&users);
	pg_array_free(&bases);
	pg_array_free(&exception_users);
	pg_array_free(&conversations);
	pg_array_free(&ids);
	pg_array_free(&listed);
}

static void
acks_forget(void)
{
	free(acks.list);
	acks.list = NULL;
	acks.count = acks.room = acks.written = 0;
	map_free(&acks.by_user);
}

/* Writes the first n acknowledgements. */
static void
acks_write_first(size_t n)
{
	for (size_t from = 0; from < n; from += ACKS_MOST)
		acks_write(acks.list + from, n - from < ACKS_MOST ? n - from : ACKS_MOST);
	for (size_t i = 0; i < n; i++) {
		map_remove(&acks.by_user, acks.list[i].user);
		ids_free(&acks.list[i].listed);
	}
	acks.written += n;
	acks.count -= n;
	if (acks.count)
		memmove(acks.list, acks.list + n, acks.count * sizeof acks.list[0]);
	else
		acks_forget();
}

void
receipts_flush(void)
{
	acks_write_first(acks.count);
}

/*
 * Writes as many acknowledgements as STATEMENTS_MOST allows. The others wait and are joined for
 * each user.
 */
static void
acks_fire(struct timer *t)
{
	size_t room = (size_t)(STATEMENTS_MOST - acks.under_way) * ACKS_MOST;

	acks_write_first(acks.count < room ? acks.count : room);
	if (acks.count)
		timer_start(t, RECEIPTS_SOON_MS);
}

/* Lists the conversations of a stream with an event at or above its last acknowledged base. */
static void
ack_list(struct ack *a, const struct conn *c)
{
	for (uint32_t i = 0; !a->whole && i < c->subscriptions_count; i++) {
		const struct topic *t = hub_slot(c->subscriptions[i].topic);
		if (t->id < c->acked_base - TOPIC_BEHIND)
			continue;
		if (a->listed.count == LISTED_MOST) {
			a->whole = true;
			return;
		}
		ids_add(&a->listed, t->conversation);
	}
}

void
receipts_ack(struct conn *c, const struct cursor *cursor, int64_t within_ms)
{
	int64_t user = c->user;
	intptr_t at = (intptr_t)map_get(&acks.by_user, user);

	metrics.acks++;
	acks.timer.fire = acks_fire;
	if (!timer_is_running(&acks.timer) || acks.timer.due_ms > loop_now() + within_ms)
		timer_start(&acks.timer, within_ms);
	if (!at) {
		acks.list = memory_grow(acks.list, acks.count, &acks.room, sizeof acks.list[0]);
		acks.list[acks.count] = (struct ack){ .user = user, .cursor = *cursor };
		/* it is not written */
		acks.list[acks.count++].cursor.pass = (struct cursor_pass){ 0 };
		at = (intptr_t)(acks.written + acks.count);
		map_put(&acks.by_user, user, (void *)at);
	}
	struct ack *a = &acks.list[(size_t)at - acks.written - 1];
	cursor_join(&a->cursor, cursor);
	if (!c->acked_base)
		a->whole = true;
	ack_list(a, c);
	if (cursor->base > c->acked_base)
		c->acked_base = cursor->base;
}

/* ---- moved marks to the streams */

/* Marks of a member that were sent, or are due. An older mark is not sent. */
struct mark {
	int64_t user, delivered, read;
	int64_t own; /* read mark that only the member's own streams have received */
	bool is_due;
};

struct receipts {
	struct timer timer;
	struct topic *topic;
	int64_t told_ms;
	struct mark *marks;
	uint32_t marks_count, marks_room, due;
	bool counts_moved;
	int64_t recent[RECENT_MESSAGES]; /* newest messages of a larger conversation, in a ring */
	uint32_t recent_at;
};

static void
tell_marks(struct receipts *r)
{
	char now[CLOCK_TEXT_BYTES], *json = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&json, &len);

	assert(f);
	clock_text(clock_wall_ms(), now);
	fprintf(f, "{\"type\":\"receipt.updated\",\"time\":\"%s\",\"data\":{\"conversation_id\":\"%ld\",\"receipts\":[", now,
		(long)r->topic->conversation);
	const char *between = "";
	for (struct mark *m = r->marks; m < r->marks + r->marks_count; m++) {
		if (!m->is_due)
			continue;
		fprintf(f, "%s{\"user_id\":\"%ld\",\"delivered_id\":\"%ld\",\"read_id\":\"%ld\"}", between, (long)m->user, (long)m->delivered,
			(long)(m->own > m->read ? m->own : m->read));
		m->is_due = false;
		between = ",";
	}
	r->due = 0;
	fprintf(f, "]}}");
	fclose(f);
	struct event *ev = event_ephemeral(EVENT_RECEIPT, json, len);
	hub_ephemeral(r->topic, ev, 0);
	event_unref(ev);
	free(json);
}

/* Sends the counts of one message to its author's streams. */
static void
tell_count(struct topic *t, const PGresult *result, int row)
{
	char json[512], now[CLOCK_TEXT_BYTES];
	const struct user *author = users_get(result_int(result, row, 1));

	if (!author)
		return;
	clock_text(clock_wall_ms(), now);
	int len = snprintf(json, sizeof json,
			   "{\"type\":\"receipt.updated\",\"time\":\"%s\",\"data\":{\"conversation_id\":\"%ld\",\"counts\":[{\"message_id\":\"%ld\","
			   "\"delivered\":%ld,\"read\":%ld,\"of\":%ld}]}}",
			   now, (long)t->conversation, (long)result_int(result, row, 0), (long)result_int(result, row, 2),
			   (long)result_int(result, row, 3), (long)result_int(result, row, 4));
	struct event *ev = event_ephemeral(EVENT_RECEIPT, json, (size_t)len);
	users_notice(author, t, ev);
	event_unref(ev);
}

static void
counts_reply(void *context, PGresult *result)
{
	struct topic *t = hub_topic((int64_t)(intptr_t)context);

	for (int i = 0; t && result && i < result_rows(result); i++)
		tell_count(t, result, i);
}

static void
ask_counts(struct receipts *r)
{
	char conversation[24];
	struct pg_array ids = { 0 };

	r->counts_moved = false;
	for (int i = 0; i < RECENT_MESSAGES; i++)
		if (r->recent[i])
			pg_array_add(&ids, r->recent[i]);
	id_text(r->topic->conversation, conversation);
	const char *params[] = { conversation, pg_array_text(&ids) };
	if (ids.count)
		db_query(QUERY_COUNTS, params, WITHIN_MS, counts_reply, (void *)(intptr_t)r->topic->conversation);
	pg_array_free(&ids);
}

static void
receipts_tell(struct receipts *r)
{
	r->told_ms = loop_now();
	if (r->due)
		tell_marks(r);
	if (r->counts_moved)
		ask_counts(r);
}

static void
receipts_fire(struct timer *t)
{
	receipts_tell(LOOP_OWNER(t, struct receipts, timer));
}

static struct receipts *
receipts_of(struct topic *t)
{
	if (!t->receipts) {
		t->receipts = memory_alloc(sizeof *t->receipts);
		t->receipts->topic = t;
		t->receipts->timer.fire = receipts_fire;
		t->receipts->told_ms = loop_now() - TELL_EACH_MS;
	}
	return t->receipts;
}

/* Sends what is due at once, but at most once a second. Gathers the rest until then. */
static void
receipts_soon(struct receipts *r)
{
	int64_t since = loop_now() - r->told_ms;

	if (timer_is_running(&r->timer))
		return;
	if (since >= TELL_EACH_MS)
		receipts_tell(r);
	else
		timer_start(&r->timer, TELL_EACH_MS - since);
}

/* Returns the marks of a member. Members may change, so beyond MARKS_MOST all are forgotten. */
static struct mark *
mark_of(struct receipts *r, int64_t user)
{
	for (uint32_t i = 0; i < r->marks_count; i++)
		if (r->marks[i].user == user)
			return &r->marks[i];
	if (r->marks_count == MARKS_MOST) {
		if (r->due)
			tell_marks(r);
		r->marks_count = 0;
	}
	if (r->marks_count == r->marks_room) {
		r->marks_room = r->marks_room ? r->marks_room * 2 : 4;
		r->marks = memory_resize(r->marks, r->marks_room * sizeof r->marks[0]);
	}
	r->marks[r->marks_count] = (struct mark){ .user = user };
	return &r->marks[r->marks_count++];
}

void
receipts_moved(struct topic *t, int64_t user, int64_t delivered, int64_t read)
{
	struct receipts *r = receipts_of(t);
	struct mark *m = mark_of(r, user);

	if (delivered <= m->delivered && read <= m->read)
		return;
	if (delivered > m->delivered)
		m->delivered = delivered;
	if (read > m->read)
		m->read = read;
	r->due += !m->is_due;
	m->is_due = true;
	receipts_soon(r);
}

bool
receipts_read(struct topic *t, int64_t user, int64_t read)
{
	struct mark *m = mark_of(receipts_of(t), user);

	if (read <= m->own || read < m->read)
		return false;
	m->own = read;
	return true;
}

void
receipts_moved_counts(struct topic *t)
{
	struct receipts *r = receipts_of(t);

	r->counts_moved = true;
	receipts_soon(r);
}

void
receipts_delivered(struct topic *t, const struct event *ev)
{
	static const char message[] = "{\"type\":\"message.created\"";

	if (t->members <= LIMIT_MEMBERS_NAMED || ev->body->len < sizeof message || memcmp(ev->body->bytes, message, sizeof message - 1) != 0)
		return;
	struct receipts *r = receipts_of(t);
	r->recent[r->recent_at++ % RECENT_MESSAGES] = ev->id;
}

void
receipts_free(struct topic *t)
{
	if (!t->receipts)
		return;
	timer_stop(&t->receipts->timer);
	free(t->receipts->marks);
	free(t->receipts);
	t->receipts = NULL;
}
