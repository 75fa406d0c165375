/* SPDX-License-Identifier: MIT */
/* The table of errors. */
#include "lib/chat/errors.h"

#include <assert.h>
#include <string.h>

static const struct error_row table[ERRORS] = {
	[ERROR_MALFORMED_JSON] = { "malformed_json", 400, "The body is not well-formed JSON" },
	[ERROR_BAD_REQUEST] = { "bad_request", 400, "The request cannot be understood" },
	[ERROR_UNAUTHENTICATED] = { "unauthenticated", 401, "An access token is needed" },
	[ERROR_TOKEN_EXPIRED] = { "token_expired", 401, "The access token has expired" },
	[ERROR_INVALID_CREDENTIALS] = { "invalid_credentials", 401, "Name or password is wrong" },
	[ERROR_INVALID_REFRESH_TOKEN] = { "invalid_refresh_token", 401, "The refresh token is not valid" },
	[ERROR_REFRESH_TOKEN_REUSED] = { "refresh_token_reused", 401, "The refresh token was used before; the device is signed out" },
	[ERROR_DEVICE_REVOKED] = { "device_revoked", 401, "The device has been signed out" },
	[ERROR_FORBIDDEN] = { "forbidden", 403, "The role of the caller does not allow it" },
	[ERROR_NOT_A_MEMBER] = { "not_a_member", 403, "The caller is not a member of such a conversation" },
	[ERROR_REGISTRATION_CLOSED] = { "registration_closed", 403, "Accounts are not created here" },
	[ERROR_BAD_ORIGIN] = { "bad_origin", 403, "This origin is not allowed" },
	[ERROR_ROUTE_NOT_FOUND] = { "route_not_found", 404, "There is no such route" },
	[ERROR_USER_NOT_FOUND] = { "user_not_found", 404, "There is no such user" },
	[ERROR_MESSAGE_NOT_FOUND] = { "message_not_found", 404, "There is no such message" },
	[ERROR_DEVICE_NOT_FOUND] = { "device_not_found", 404, "There is no such device" },
	[ERROR_MEMBER_NOT_FOUND] = { "member_not_found", 404, "There is no such member" },
	[ERROR_METHOD_NOT_ALLOWED] = { "method_not_allowed", 405, "The route does not have this method" },
	[ERROR_NAME_TAKEN] = { "name_taken", 409, "The name is taken" },
	[ERROR_CLIENT_ID_REUSED] = { "client_id_reused", 409, "The client_id belongs to a message with other content" },
	[ERROR_DIRECT_CONVERSATION] = { "direct_conversation", 409, "A direct conversation cannot be changed like this" },
	[ERROR_BODY_TOO_LARGE] = { "body_too_large", 413, "The body is too large" },
	[ERROR_TEXT_TOO_LONG] = { "text_too_long", 413, "The text is too long" },
	[ERROR_UNSUPPORTED_MEDIA_TYPE] = { "unsupported_media_type", 415, "The body must be application/json" },
	[ERROR_INVALID_BODY] = { "invalid_body", 422, "A field of the body is missing or wrong" },
	[ERROR_UNKNOWN_FIELD] = { "unknown_field", 422, "The body has a field that is not known" },
	[ERROR_UNKNOWN_TYPE] = { "unknown_type", 422, "The frame is of a type that is not known" },
	[ERROR_INVALID_PARAMETER] = { "invalid_parameter", 422, "A parameter is missing or wrong" },
	[ERROR_UNKNOWN_ANCHOR] = { "unknown_anchor", 422, "The anchor of the page is not known" },
	[ERROR_UNKNOWN_REPLY] = { "unknown_reply", 422, "The message that is replied to is not in this conversation" },
	[ERROR_TOO_MANY_MENTIONS] = { "too_many_mentions", 422, "The message mentions too many" },
	[ERROR_INVALID_CURSOR] = { "invalid_cursor", 422, "The cursor cannot be read" },
	[ERROR_TOO_MANY_MEMBERS] = { "too_many_members", 422, "The group would have too many members" },
	[ERROR_TOO_MANY_CONVERSATIONS] = { "too_many_conversations", 422, "Somebody would be in too many conversations" },
	[ERROR_INVALID_NAME] = { "invalid_name", 422, "A name is 2 to 32 of a-z, 0-9, dot, dash, underscore" },
	[ERROR_RATE_LIMITED] = { "rate_limited", 429, "Too many requests" },
	[ERROR_TOO_BUSY] = { "too_busy", 429, "Too busy at the moment" },
	[ERROR_INTERNAL] = { "internal_error", 500, "Something went wrong here; the log knows the request_id" },
	[ERROR_UNAVAILABLE] = { "unavailable", 503, "Not available at the moment" },
	[ERROR_SHUTTING_DOWN] = { "shutting_down", 503, "Shutting down" },
};

const struct error_row *
error_row(enum error e)
{
	assert(e > ERROR_NONE && e < ERRORS);
	return &table[e];
}

enum error
error_find(const char *code)
{
	for (int e = ERROR_NONE + 1; e < ERRORS; e++)
		if (strcmp(table[e].code, code) == 0)
			return (enum error)e;
	return ERROR_NONE;
}

void
errors_print(FILE *to)
{
	for (int e = ERROR_NONE + 1; e < ERRORS; e++)
		fprintf(to, "%s %d\n", table[e].code, table[e].status);
}
