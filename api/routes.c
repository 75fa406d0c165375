/* SPDX-License-Identifier: MIT */
/* The table of routes. */
#include "api/routes.h"

#include <assert.h>

#include "api/http/dispatch.h"
#include "api/links/metrics.h"
#include "api/routes/handlers.h"

enum {
	SMALL = 4 * KIB,
	LISTS = 64 * KIB,
	MESSAGE = LIMIT_MESSAGE_BYTES,
};

/* clang-format off */
/*
 * Every route of the api. The dispatcher enforces the columns, so handlers contain only their own
 * case.
 */
static const struct rest_route routes[] = {
	/* method, path, who, body, rate, handler */
	{ "POST",   "/v1/auth/register",                                                ANYONE, SMALL,   RATE_LOGIN,   post_register },
	{ "POST",   "/v1/auth/login",                                                   ANYONE, SMALL,   RATE_LOGIN,   post_login },
	{ "POST",   "/v1/auth/refresh",                                                 ANYONE, SMALL,   RATE_REFRESH, post_refresh },
	{ "POST",   "/v1/auth/logout",                                                  USER,   0,       RATE_WRITE,   post_logout },
	{ "GET",    "/v1/devices",                                                      USER,   0,       RATE_READ,    list_devices },
	{ "DELETE", "/v1/devices/:device_id",                                           USER,   0,       RATE_WRITE,   delete_device },
	{ "GET",    "/v1/me",                                                           USER,   0,       RATE_READ,    get_me },
	{ "PATCH",  "/v1/me",                                                           USER,   SMALL,   RATE_WRITE,   patch_me },
	{ "GET",    "/v1/users",                                                        USER,   0,       RATE_READ,    list_users },
	{ "GET",    "/v1/users/:user_id",                                               USER,   0,       RATE_READ,    get_user },
	{ "GET",    "/v1/conversations",                                                USER,   0,       RATE_READ,    list_conversations },
	{ "POST",   "/v1/conversations",                                                USER,   LISTS,   RATE_WRITE,   post_conversation },
	{ "GET",    "/v1/conversations/:conversation_id",                               USER,   0,       RATE_READ,    get_conversation },
	{ "PATCH",  "/v1/conversations/:conversation_id",                               USER,   SMALL,   RATE_WRITE,   patch_conversation },
	{ "DELETE", "/v1/conversations/:conversation_id",                               USER,   0,       RATE_WRITE,   delete_conversation },
	{ "POST",   "/v1/conversations/:conversation_id/leave",                         USER,   0,       RATE_WRITE,   post_leave },
	{ "GET",    "/v1/conversations/:conversation_id/members",                       USER,   0,       RATE_READ,    list_members },
	{ "POST",   "/v1/conversations/:conversation_id/members",                       USER,   LISTS,   RATE_WRITE,   post_members },
	{ "PATCH",  "/v1/conversations/:conversation_id/members/:user_id",              USER,   SMALL,   RATE_WRITE,   patch_member },
	{ "DELETE", "/v1/conversations/:conversation_id/members/:user_id",              USER,   0,       RATE_WRITE,   delete_member },
	{ "GET",    "/v1/conversations/:conversation_id/messages",                      USER,   0,       RATE_READ,    list_messages },
	{ "POST",   "/v1/conversations/:conversation_id/messages",                      USER,   MESSAGE, RATE_SEND,    post_message },
	{ "GET",    "/v1/conversations/:conversation_id/messages/:message_id",          USER,   0,       RATE_READ,    get_message },
	{ "GET",    "/v1/conversations/:conversation_id/messages/:message_id/receipts", USER,   0,       RATE_READ,    list_receipts },
	{ "POST",   "/v1/conversations/:conversation_id/read",                          USER,   SMALL,   RATE_WRITE,   post_read },
	{ "POST",   "/v1/conversations/:conversation_id/typing",                        USER,   0,       RATE_WRITE,   post_typing },
	{ "POST",   "/v1/receipts",                                                     USER,   LISTS,   RATE_WRITE,   post_receipts },
	{ "POST",   "/v1/presence/heartbeat",                                           USER,   SMALL,   RATE_WRITE,   post_heartbeat },
	{ "GET",    "/v1/presence",                                                     USER,   0,       RATE_READ,    get_presence },
	{ "POST",   "/v1/presence/query",                                               USER,   LISTS,   RATE_READ,    query_presence },
	{ "PUT",    "/v1/presence/watch",                                               USER,   LISTS,   RATE_WRITE,   put_watch },
	{ "POST",   "/v1/stream/tickets",                                               USER,   0,       RATE_WRITE,   post_ticket },
	{ "GET",    "/v1/sync",                                                         USER,   0,       RATE_READ,    get_sync },
	{ "GET",    "/v1/server",                                                       ANYONE, 0,       RATE_NONE,    get_server },
	{ "GET",    "/healthz",                                                         ANYONE, 0,       RATE_NONE,    get_health },
	{ "GET",    "/readyz",                                                          ANYONE, 0,       RATE_NONE,    get_ready },
	{ "GET",    "/metrics",                                                         ANYONE, 0,       RATE_NONE,    get_metrics },
};
/* clang-format on */

enum { ROUTES = sizeof routes / sizeof routes[0] };

static_assert((int)ROUTES <= (int)METRICS_NO_ROUTE, "each route has its counters, and unknown ones have theirs");

void
routes_open(void)
{
	dispatch_open(routes, ROUTES);
}

void
routes_print(FILE *to)
{
	for (int i = 0; i < ROUTES; i++)
		fprintf(to, "%s %s\n", routes[i].method, routes[i].path);
}
