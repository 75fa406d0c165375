/* SPDX-License-Identifier: MIT */
/* Presence and typing. */
#include <stddef.h>
#include <string.h>

#include "api/http/db_call.h"
#include "api/http/input.h"
#include "api/links/redis.h"
#include "api/routes/handlers.h"

/*
 * Notifies the other members that the caller is typing.
 * 204, also while Redis is unavailable: typing is dropped first. 403 not_a_member.
 */
enum reply
post_typing(struct request *r)
{
	struct rows *rows = db_call(r, STATEMENT_TYPING_CHECK, param_id(r->path_ids[0]), param_id(r->user));

	if (!rows)
		return REPLIED;
	if (strcmp(rows_text(rows, 0, 0), "ok") != 0)
		return reply_error(r, error_find(rows_text(rows, 0, 0)));
	if (rows_number(rows, 0, 1) <= LIMIT_MEMBERS_NAMED)
		redis_typing(r->path_ids[0], r->user);
	return reply_status(r, 204);
}

static const char *const statuses[] = { "online", "away", NULL };

static const struct field heartbeat_fields[] = {
	{ "status", FIELD_CHOICE, OPTIONAL, .choices = statuses },
	{ 0 },
};

/*
 * Stores a heartbeat of the calling device.
 * 204. 503 unavailable while Redis is unavailable.
 */
enum reply
post_heartbeat(struct request *r)
{
	const char *status = statuses[0];

	if (!input_read(r, heartbeat_fields, &status))
		return REPLIED;
	if (!redis_beat(r->user, r->device, status))
		return reply_error(r, ERROR_UNAVAILABLE);
	return reply_status(r, 204);
}

/* The users of a query that the caller may see, with their presence. */
struct shown {
	int count;
	int64_t *users;
	const char **statuses;
	const char **last_seen; /* NULL: not known */
};

static bool
shown_find(struct request *r, const struct id_list *asked, struct shown *out)
{
	struct rows *rows = db_call(r, STATEMENT_PRESENCE_ALLOWED, param_id(r->user), param_text(ids_text(&r->arena, asked->list, asked->count)));

	if (!rows)
		return false;
	size_t n = (size_t)rows_count(rows);
	out->count = (int)n;
	out->users = arena_alloc(&r->arena, (n + 1) * sizeof *out->users);
	out->statuses = arena_alloc(&r->arena, (n + 1) * sizeof *out->statuses);
	out->last_seen = arena_alloc(&r->arena, (n + 1) * sizeof *out->last_seen);
	for (int i = 0; i < out->count; i++) {
		out->users[i] = rows_number(rows, i, 0);
		out->last_seen[i] = rows_text(rows, i, 1);
	}
	if (!n || redis_presence(out->users, out->count, out->statuses))
		return true;
	reply_error(r, ERROR_UNAVAILABLE);
	return false;
}

static void
shown_text(struct text *body, const struct shown *s)
{
	text_puts(body, "\"presence\":[");
	for (int i = 0; i < s->count; i++) {
		text_printf(body, "%s{\"user_id\":\"%ld\",\"status\":\"%s\"", i ? "," : "", (long)s->users[i], s->statuses[i]);
		if (s->last_seen[i] && strcmp(s->statuses[i], "offline") == 0)
			text_printf(body, ",\"last_seen\":\"%s\"", s->last_seen[i]);
		text_puts(body, "}");
	}
	text_puts(body, "]}");
}

static const struct field presence_fields[] = {
	{ "user_ids", FIELD_IDS, REQUIRED, 1, LIMIT_PRESENCE_USERS, .offset = 0 },
	{ 0 },
};

/*
 * Returns the presence of users.
 * 200 with those who share a conversation with the caller. 503 unavailable while Redis is
 * unavailable.
 */
enum reply
get_presence(struct request *r)
{
	struct text body = { .arena = &r->arena };
	struct shown shown;
	struct id_list asked;

	if (!parameters_read(r, presence_fields, &asked) || !shown_find(r, &asked, &shown))
		return REPLIED;
	text_puts(&body, "{");
	shown_text(&body, &shown);
	return reply_json(r, 200, body.bytes);
}

/*
 * Returns the presence of users, for a list that is too long for a URL.
 * 200 with those who share a conversation with the caller. 503 unavailable while Redis is
 * unavailable.
 */
enum reply
query_presence(struct request *r)
{
	struct text body = { .arena = &r->arena };
	struct shown shown;
	struct id_list asked;

	if (!input_read(r, presence_fields, &asked) || !shown_find(r, &asked, &shown))
		return REPLIED;
	text_puts(&body, "{");
	shown_text(&body, &shown);
	return reply_json(r, 200, body.bytes);
}

static const struct field watch_fields[] = {
	{ "user_ids", FIELD_IDS, REQUIRED, 0, LIMIT_PRESENCE_USERS, .offset = 0 },
	{ 0 },
};

/*
 * Replaces the watch list of the calling device: its streams deliver the presence of these users.
 * 200 with the users that are watched now, and their presence. 503 unavailable while Redis is
 * unavailable.
 */
enum reply
put_watch(struct request *r)
{
	struct text body = { .arena = &r->arena };
	struct shown shown;
	struct id_list asked;

	if (!input_read(r, watch_fields, &asked) || !shown_find(r, &asked, &shown))
		return REPLIED;
	/*
	 * stores users that may not be watched yet too: push checks each entry when a membership
	 * changes
	 */
	if (!redis_watch(r->user, r->device, asked.list, asked.count))
		return reply_error(r, ERROR_UNAVAILABLE);
	text_puts(&body, "{\"watching\":[");
	for (int i = 0; i < shown.count; i++)
		text_printf(&body, "%s\"%ld\"", i ? "," : "", (long)shown.users[i]);
	text_puts(&body, "],");
	shown_text(&body, &shown);
	return reply_json(r, 200, body.bytes);
}
