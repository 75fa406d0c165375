/* SPDX-License-Identifier: MIT */
/* Tickets that open streams. push serves the streams. */
#include <string.h>

#include "api/http/db_call.h"
#include "api/routes/handlers.h"
#include "lib/auth/token.h"
#include "lib/base/settings.h"

/*
 * Makes a one-time ticket, for clients that cannot set headers on a stream.
 * 201 with ticket and expires_in.
 */
enum reply
post_ticket(struct request *r)
{
	char ticket[TICKET_BYTES];
	unsigned char hash[TOKEN_HASH_BYTES];
	struct text body = { .arena = &r->arena };

	token_random(ticket);
	token_hash(ticket, strlen(ticket), hash);
	if (!db_call(r, STATEMENT_TICKET_CREATE, param_bytes(hash, TOKEN_HASH_BYTES), param_id(r->user), param_id(r->device),
		     param_id(settings.ticket_seconds)))
		return REPLIED;
	text_printf(&body, "{\"ticket\":\"%s\",\"expires_in\":%ld}", ticket, settings.ticket_seconds);
	return reply_json(r, 201, body.bytes);
}
