/* SPDX-License-Identifier: MIT */
/* Signing in and out. */
#include <stddef.h>
#include <string.h>

#include "call.h"
#include "devices.h"
#include "handlers.h"
#include "input.h"
#include "lib/settings.h"
#include "lib/token.h"
#include "password.h"

/* Where somebody is signed in now, and with what. */
struct signing {
	int64_t user, device;
	const char *user_json; /* NULL: not told */
	const char *refresh_token;
	bool cookie;
};

static void
cookie_set(struct request *r, const char *token, long seconds)
{
	reply_header(r, "Set-Cookie", "banter_access=%s; HttpOnly; SameSite=Strict; Path=/v1; Max-Age=%ld%s", token, seconds,
		     settings.cookie_secure ? "; Secure" : "");
}

static enum reply
reply_signed_in(struct request *r, int status, const struct signing *s)
{
	char access[TOKEN_BYTES];
	struct text body = { .arena = &r->arena };

	if (!token_make(s->user, s->device, access))
		return reply_error(r, ERROR_INTERNAL);
	if (s->cookie)
		cookie_set(r, access, settings.token_seconds);
	r->user = s->user;
	text_puts(&body, "{");
	if (s->user_json)
		text_printf(&body, "\"user\":%s,", s->user_json);
	text_printf(&body, "\"device_id\":\"%ld\",\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%ld,\"refresh_token\":\"%s\"}",
		    (long)s->device, access, settings.token_seconds, s->refresh_token);
	return reply_json(r, status, body.bytes);
}

struct sign_in_input {
	const char *name, *password, *display_name, *device_name;
	bool cookie;
};

#define AT(member) .offset = offsetof(struct sign_in_input, member)

static const struct field register_fields[] = {
	{ "name", FIELD_TEXT, REQUIRED, 0, 4 * LIMIT_NAME_BYTES, AT(name) }, /* what a name is, SQL knows: invalid_name */
	{ "password", FIELD_TEXT, REQUIRED, LIMIT_PASSWORD_MIN_BYTES, LIMIT_PASSWORD_BYTES, AT(password) },
	{ "display_name", FIELD_TEXT, OPTIONAL, 1, LIMIT_DISPLAY_NAME_BYTES, AT(display_name) },
	{ "device_name", FIELD_TEXT, OPTIONAL, 1, LIMIT_DEVICE_NAME_BYTES, AT(device_name) },
	{ "cookie", FIELD_SWITCH, OPTIONAL, AT(cookie) },
	{ 0 },
};

/* Any text may be tried as a name or password: whether it could be one is not told. */
static const struct field login_fields[] = {
	{ "name", FIELD_TEXT, REQUIRED, 0, LIMIT_PASSWORD_BYTES, AT(name) },
	{ "password", FIELD_TEXT, REQUIRED, 0, LIMIT_PASSWORD_BYTES, AT(password) },
	{ "device_name", FIELD_TEXT, OPTIONAL, 1, LIMIT_DEVICE_NAME_BYTES, AT(device_name) },
	{ "cookie", FIELD_SWITCH, OPTIONAL, AT(cookie) },
	{ 0 },
};

/*
 * Create a user and sign in.
 * 201 with user, device_id and tokens; with cookie also Set-Cookie. 409 name_taken; 422 invalid_name; 429 too_busy.
 */
enum reply
post_register(struct request *r)
{
	struct sign_in_input in = { 0 };
	char hash[PASSWORD_HASH_BYTES], refresh[REFRESH_TOKEN_BYTES];
	unsigned char refresh_hash[TOKEN_HASH_BYTES];

	if (!input_read(r, register_fields, &in))
		return REPLIED;
	if (!password_hash(in.password, hash))
		return reply_error(r, ERROR_TOO_BUSY);
	token_random(refresh);
	token_hash(refresh, strlen(refresh), refresh_hash);
	struct rows *rows = call(r, STATEMENT_USER_REGISTER, param_text(in.name), param_text(in.display_name), param_text(hash),
				 param_text(in.device_name), param_bytes(refresh_hash, TOKEN_HASH_BYTES), param_id(settings.refresh_seconds));
	if (!rows)
		return REPLIED;
	return reply_signed_in(r, 201,
			       &(struct signing){ rows_number(rows, 0, 2), rows_number(rows, 0, 0), rows_text(rows, 0, 1), refresh, in.cookie });
}

/*
 * Sign in on a new device.
 * 200 with user, device_id and tokens; with cookie also Set-Cookie. 401 invalid_credentials, in the same time whatever is wrong; 429 too_busy.
 */
enum reply
post_login(struct request *r)
{
	struct sign_in_input in = { 0 };
	char refresh[REFRESH_TOKEN_BYTES];
	unsigned char refresh_hash[TOKEN_HASH_BYTES];

	if (!input_read(r, login_fields, &in))
		return REPLIED;
	struct rows *rows = call(r, STATEMENT_USER_CREDENTIALS, param_text(in.name));
	if (!rows)
		return REPLIED;
	bool known = rows_count(rows) > 0;
	switch (password_check(in.password, known ? rows_text(rows, 0, 1) : NULL)) {
	case PASSWORD_BUSY:
		return reply_error(r, ERROR_TOO_BUSY);
	case PASSWORD_WRONG:
		return reply_error(r, ERROR_INVALID_CREDENTIALS);
	case PASSWORD_RIGHT:
		break;
	}
	int64_t user = rows_number(rows, 0, 0);
	token_random(refresh);
	token_hash(refresh, strlen(refresh), refresh_hash);
	rows = call(r, STATEMENT_DEVICE_CREATE, param_id(user), param_text(in.device_name), param_bytes(refresh_hash, TOKEN_HASH_BYTES),
		    param_id(settings.refresh_seconds));
	if (!rows)
		return REPLIED;
	return reply_signed_in(r, 200, &(struct signing){ user, rows_number(rows, 0, 0), rows_text(rows, 0, 1), refresh, in.cookie });
}

struct refresh_input {
	const char *refresh_token;
	bool cookie;
};

static const struct field refresh_fields[] = {
	{ "refresh_token", FIELD_TEXT, REQUIRED, 1, TOKEN_BYTES, .offset = offsetof(struct refresh_input, refresh_token) },
	{ "cookie", FIELD_SWITCH, OPTIONAL, .offset = offsetof(struct refresh_input, cookie) },
	{ 0 },
};

/*
 * Trade a refresh token for a new pair.
 * 200 with device_id and tokens. 401 invalid_refresh_token; 401 refresh_token_reused, and the device is revoked.
 */
enum reply
post_refresh(struct request *r)
{
	struct refresh_input in = { 0 };
	char refresh[REFRESH_TOKEN_BYTES];
	unsigned char old_hash[TOKEN_HASH_BYTES], new_hash[TOKEN_HASH_BYTES];

	if (!input_read(r, refresh_fields, &in))
		return REPLIED;
	token_random(refresh);
	token_hash(refresh, strlen(refresh), new_hash);
	token_hash(in.refresh_token, strlen(in.refresh_token), old_hash);
	struct rows *rows = call(r, STATEMENT_DEVICE_REFRESH, param_bytes(old_hash, TOKEN_HASH_BYTES), param_bytes(new_hash, TOKEN_HASH_BYTES),
				 param_id(settings.refresh_seconds));
	if (!rows)
		return REPLIED;
	const char *status = rows_text(rows, 0, 0);
	int64_t user = rows_number(rows, 0, 1), device = rows_number(rows, 0, 2);
	if (strcmp(status, "ok") == 0)
		return reply_signed_in(r, 200, &(struct signing){ user, device, NULL, refresh, in.cookie });
	if (strcmp(status, "refresh_token_reused") != 0)
		return reply_error(r, ERROR_INVALID_REFRESH_TOKEN);
	rows_ring(rows, 0, 3);
	device_forget(r, user, device);
	return reply_error(r, ERROR_REFRESH_TOKEN_REUSED);
}

/*
 * Sign out: revokes the calling device.
 * 204, and the cookie is cleared.
 */
enum reply
post_logout(struct request *r)
{
	struct rows *rows = call(r, STATEMENT_DEVICE_REVOKE, param_id(r->user), param_id(r->device));

	if (!rows && r->error != ERROR_DEVICE_NOT_FOUND) /* signed out by another at the same moment: that is what was asked for */
		return REPLIED;
	if (rows)
		rows_ring(rows, 1, 0);
	device_forget(r, r->user, r->device);
	cookie_set(r, "", 0);
	return reply_status(r, 204);
}
