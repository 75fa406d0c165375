/* SPDX-License-Identifier: MIT */
/* The server's limits, health, readiness and metrics. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http/db_call.h"
#include "api/http/dispatch.h"
#include "api/links/metrics.h"
#include "api/routes/handlers.h"
#include "api/routes/ready.h"
#include "lib/base/clock.h"
#include "lib/base/settings.h"
#include "lib/base/version.h"
#include "lib/chat/message_draft.h"

/* The limits beside those of a message's fields. */
static const struct {
	const char *name;
	long value;
} limits[] = {
	{ "mention_all_members", LIMIT_MENTION_ALL_MEMBERS },
	{ "name_bytes", LIMIT_NAME_BYTES },
	{ "display_name_bytes", LIMIT_DISPLAY_NAME_BYTES },
	{ "device_name_bytes", LIMIT_DEVICE_NAME_BYTES },
	{ "title_bytes", LIMIT_TITLE_BYTES },
	{ "password_min_bytes", LIMIT_PASSWORD_MIN_BYTES },
	{ "password_bytes", LIMIT_PASSWORD_BYTES },
	{ "members", LIMIT_MEMBERS },
	{ "members_named", LIMIT_MEMBERS_NAMED },
	{ "members_batch", LIMIT_MEMBERS_BATCH },
	{ "conversations", LIMIT_CONVERSATIONS },
	{ "receipts_batch", LIMIT_RECEIPTS_BATCH },
	{ "presence_users", LIMIT_PRESENCE_USERS },
	{ "page", LIMIT_PAGE },
	{ "page_default", LIMIT_PAGE_DEFAULT },
	{ "page_bytes", LIMIT_PAGE_BYTES },
	{ "cursor_bytes", LIMIT_CURSOR_BYTES },
	{ "devices", LIMIT_DEVICES },
	{ "typing_seconds", LIMIT_TYPING_SECONDS },
	{ "typing_interval_ms", LIMIT_TYPING_INTERVAL_MS },
};

/* The limits that are settings. */
static const struct {
	const char *name;
	const long *value;
} settled[] = {
	{ "token_seconds", &settings.token_seconds },	  { "refresh_seconds", &settings.refresh_seconds },
	{ "ticket_seconds", &settings.ticket_seconds },	  { "presence_seconds", &settings.presence_seconds },
	{ "frame_bytes", &settings.push_frame_bytes },	  { "frames_per_second", &settings.push_frame_rate },
	{ "sends_under_way", &settings.push_sends },	  { "streams_per_user", &settings.push_streams_per_user },
	{ "logins_per_minute", &settings.rate_login },	  { "reads_per_minute", &settings.rate_read },
	{ "writes_per_minute", &settings.rate_write },	  { "sends_per_minute", &settings.rate_send },
	{ "members_per_minute", &settings.rate_members },
};

/* Adds the limits of a message's fields: bytes of a text, or items of a list. */
static void
message_limits_add(struct text *body)
{
	for (const struct field *f = message_draft_fields; f->name; f++)
		if (f->max)
			text_printf(body, "\"%s%s\":%ld,", f->name, f->type == FIELD_MENTIONS ? "" : "_bytes", (long)f->max);
}

/*
 * Returns name, version, time, whether registration is open, and every limit.
 * 200.
 */
enum reply
get_server(struct request *r)
{
	struct text body = { .arena = &r->arena };
	char now[CLOCK_TEXT_BYTES];

	clock_text(clock_wall_ms(), now);
	text_printf(&body, "{\"name\":\"banter\",\"version\":\"%s\",\"api\":\"v1\",\"time\":\"%s\",\"registration\":\"%s\",\"limits\":{",
		    banter_version, now, settings.registration);
	message_limits_add(&body);
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		text_printf(&body, "%s\"%s\":%ld", i ? "," : "", limits[i].name, limits[i].value);
	for (size_t i = 0; i < sizeof settled / sizeof settled[0]; i++)
		text_printf(&body, ",\"%s\":%ld", settled[i].name, *settled[i].value);
	text_puts(&body, "}}");
	return reply_json(r, 200, body.bytes);
}

/*
 * Reports that the api runs.
 * 200.
 */
enum reply
get_health(struct request *r)
{
	return reply_json(r, 200, "{\"status\":\"ok\"}");
}

static const char *
check_word(bool good)
{
	return good ? "ok" : "failed";
}

/*
 * Reports whether the whole server can serve.
 * 200 ok, or degraded: Redis accepts no writes, push does not answer, or the database's clock is
 * wrong. Requests are then served, with delays or wrong times. 503 when the database accepts no
 * writes, or when its schema does not serve this program.
 */
enum reply
get_ready(struct request *r)
{
	struct text body = { .arena = &r->arena };
	struct readiness is = ready_now(r);
	bool serves = is.database && is.schema;
	const char *status = !serves ? "unavailable" : is.redis && is.push && is.clock ? "ok" : "degraded";

	text_printf(&body, "{\"status\":\"%s\",\"checks\":{\"database\":\"%s\",\"redis\":\"%s\",\"schema\":\"%s\",\"clock\":\"%s\",\"push\":\"%s\"}}",
		    status, check_word(is.database), check_word(is.redis), check_word(is.schema), check_word(is.clock), check_word(is.push));
	return reply_json(r, serves ? 200 : 503, body.bytes);
}

static void
route_labels(int i, char out[METRICS_LABELS_BYTES])
{
	const struct rest_route *route = dispatch_route(i);

	if (route)
		snprintf(out, METRICS_LABELS_BYTES, "method=\"%s\",route=\"%s\",", route->method, route->path);
	else
		snprintf(out, METRICS_LABELS_BYTES, "method=\"\",route=\"none\",");
}

/*
 * Returns the counters of the api.
 * 200 as text/plain. lighttpd.conf allows this path for the local machine only.
 */
enum reply
get_metrics(struct request *r)
{
	size_t len;
	char *page = metrics_page(&len, route_labels);

	request_own(r, page, free);
	reply_json(r, 200, page);
	r->type = "text/plain; version=0.0.4";
	return REPLIED;
}
