/* SPDX-License-Identifier: MIT */
/* About the server: its limits, and how it is. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "call.h"
#include "handlers.h"
#include "lib/database.h"
#include "lib/identifier.h"
#include "lib/settings.h"
#include "redis.h"

enum { PUSH_WAIT_MS = 500 };

static const char version[] = "0.1.0";

static const struct {
	const char *name;
	long value;
} limits[] = {
	{ "text_bytes", LIMIT_TEXT_BYTES },
	{ "data_bytes", LIMIT_DATA_BYTES },
	{ "client_id_bytes", LIMIT_CLIENT_ID_BYTES },
	{ "name_bytes", LIMIT_NAME_BYTES },
	{ "display_name_bytes", LIMIT_DISPLAY_NAME_BYTES },
	{ "device_name_bytes", LIMIT_DEVICE_NAME_BYTES },
	{ "title_bytes", LIMIT_TITLE_BYTES },
	{ "password_min_bytes", LIMIT_PASSWORD_MIN_BYTES },
	{ "password_bytes", LIMIT_PASSWORD_BYTES },
	{ "members", LIMIT_MEMBERS },
	{ "members_named", LIMIT_MEMBERS_NAMED },
	{ "members_batch", LIMIT_MEMBERS_BATCH },
	{ "receipts_batch", LIMIT_RECEIPTS_BATCH },
	{ "presence_users", LIMIT_PRESENCE_USERS },
	{ "page", LIMIT_PAGE },
	{ "page_default", LIMIT_PAGE_DEFAULT },
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
	{ "token_seconds", &settings.token_seconds },	{ "refresh_seconds", &settings.refresh_seconds },
	{ "ticket_seconds", &settings.ticket_seconds }, { "presence_seconds", &settings.presence_seconds },
	{ "frame_bytes", &settings.push_frame_bytes },	{ "frames_per_second", &settings.push_frame_rate },
	{ "sends_under_way", &settings.push_sends },	{ "streams_per_user", &settings.push_streams_per_user },
	{ "logins_per_minute", &settings.rate_login },	{ "reads_per_minute", &settings.rate_read },
	{ "writes_per_minute", &settings.rate_write },	{ "sends_per_minute", &settings.rate_send },
};

/*
 * Name, version, time and every limit.
 * 200.
 */
enum reply
get_server(struct request *r)
{
	struct text body = { .arena = &r->arena };
	char now[TIME_TEXT_BYTES];

	time_text(time_now_ms(), now);
	text_printf(&body, "{\"name\":\"banter\",\"version\":\"%s\",\"api\":\"v1\",\"time\":\"%s\",\"limits\":{", version, now);
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		text_printf(&body, "%s\"%s\":%ld", i ? "," : "", limits[i].name, limits[i].value);
	for (size_t i = 0; i < sizeof settled / sizeof settled[0]; i++)
		text_printf(&body, ",\"%s\":%ld", settled[i].name, *settled[i].value);
	text_puts(&body, "}}");
	return reply_json(r, 200, body.bytes);
}

/*
 * The api runs.
 * 200.
 */
enum reply
get_health(struct request *r)
{
	return reply_json(r, 200, "{\"status\":\"ok\"}");
}

static bool
push_asked(int fd, const struct addrinfo *at)
{
	static const char ask[] = "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n";
	struct timeval wait = { 0, PUSH_WAIT_MS * 1000 };
	char answer[13] = "";

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	return connect(fd, at->ai_addr, at->ai_addrlen) == 0 && send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) == sizeof ask - 1 &&
	       recv(fd, answer, 12, MSG_WAITALL) == 12 && memcmp(answer + 8, " 200", 4) == 0;
}

/* Does push answer on its own port? */
static bool
push_answers(void)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM }, *at;
	char port[16];

	snprintf(port, sizeof port, "%ld", settings.push_port);
	if (getaddrinfo(settings.push_listen, port, &hints, &at) != 0)
		return false;
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answers = fd >= 0 && push_asked(fd, at);
	if (fd >= 0)
		close(fd);
	freeaddrinfo(at);
	return answers;
}

static const char *
check_word(bool good)
{
	return good ? "ok" : "failed";
}

/*
 * The whole can serve.
 * 200 ok, or degraded while Redis or push does not answer: everything is served, with delays. 503 when the database does not, or has another schema.
 */
enum reply
get_ready(struct request *r)
{
	struct text body = { .arena = &r->arena };
	struct rows *rows = call(r, STATEMENT_SCHEMA_VERSION);
	bool database = rows != NULL || r->error == ERROR_INTERNAL;
	bool schema = rows && rows_number(rows, 0, 0) == DATABASE_SCHEMA;
	bool redis = redis_ping(), push = push_answers();
	const char *status = !schema ? "unavailable" : redis && push ? "ok" : "degraded";

	text_printf(&body, "{\"status\":\"%s\",\"checks\":{\"database\":\"%s\",\"redis\":\"%s\",\"schema\":\"%s\",\"push\":\"%s\"}}", status,
		    check_word(database), check_word(redis), check_word(schema), check_word(push));
	return reply_json(r, schema ? 200 : 503, body.bytes);
}
