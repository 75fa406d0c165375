/* SPDX-License-Identifier: MIT */
/* Sign-in, tokens and sign-out. */
#include <stddef.h>
#include <string.h>

#include "api/http/db_call.h"
#include "api/http/input.h"
#include "api/routes/devices.h"
#include "api/routes/handlers.h"
#include "api/routes/password.h"
#include "lib/auth/address.h"
#include "lib/auth/device_token.h"
#include "lib/auth/limiter.h"
#include "lib/auth/token.h"
#include "lib/base/settings.h"

/* A sign-in that succeeded: the user, the device and its tokens. */
struct signing {
	int64_t user, device;
	const char *user_json; /* NULL: not in the reply */
	const char *refresh_token;
	bool cookie;
};

static void
cookie_set(struct request *r, const char *token, long seconds)
{
	reply_header(r, "Set-Cookie", "%s=%s; HttpOnly; SameSite=Strict; Path=%s/v1; Max-Age=%ld%s", settings.cookie_name, token, settings.base_path,
		     seconds, settings.cookie_secure ? "; Secure" : "");
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

static uint64_t
address_of(const struct request *r)
{
	return address_of_text(r->address, strlen(r->address));
}

/*
 * Returns the client's network as a keyed hash, which reveals nothing to a reader of the database.
 */
static int64_t
network_of(const struct request *r)
{
	uint64_t address = address_of(r);

	return (int64_t)device_token_number(&address, sizeof address);
}

/*
 * A device that is about to be created. Its id is made first, because the refresh token contains
 * it.
 */
struct newcomer {
	int64_t device;
	char refresh[DEVICE_TOKEN_BYTES];
	unsigned char refresh_hash[TOKEN_HASH_BYTES];
};

/* Makes the id and the refresh token of a new device. Returns false when it has replied. */
static bool
newcomer_make(struct request *r, struct newcomer *n)
{
	struct rows *rows = db_call(r, STATEMENT_ID_NEW);

	if (!rows)
		return false;
	n->device = rows_number(rows, 0, 0);
	device_token_first(n->device, n->refresh);
	token_hash(n->refresh, strlen(n->refresh), n->refresh_hash);
	return true;
}

struct sign_in_input {
	const char *name, *password, *display_name, *device_name;
	bool cookie;
};

#define AT(member) .offset = offsetof(struct sign_in_input, member)

static const struct field register_fields[] = {
	/* SQL checks the form of a name: invalid_name */
	{ "name", FIELD_TEXT, REQUIRED, 0, 4 * LIMIT_NAME_BYTES, AT(name) },
	{ "password", FIELD_TEXT, REQUIRED, LIMIT_PASSWORD_MIN_BYTES, LIMIT_PASSWORD_BYTES, AT(password) },
	{ "display_name", FIELD_TEXT, OPTIONAL, 1, LIMIT_DISPLAY_NAME_BYTES, AT(display_name) },
	{ "device_name", FIELD_TEXT, OPTIONAL, 1, LIMIT_DEVICE_NAME_BYTES, AT(device_name) },
	{ "cookie", FIELD_SWITCH, OPTIONAL, AT(cookie) },
	{ 0 },
};

/* Accepts any text as a name or password. The reply does not reveal whether it could be one. */
static const struct field login_fields[] = {
	{ "name", FIELD_TEXT, REQUIRED, 0, LIMIT_PASSWORD_BYTES, AT(name) },
	{ "password", FIELD_TEXT, REQUIRED, 0, LIMIT_PASSWORD_BYTES, AT(password) },
	{ "device_name", FIELD_TEXT, OPTIONAL, 1, LIMIT_DEVICE_NAME_BYTES, AT(device_name) },
	{ "cookie", FIELD_SWITCH, OPTIONAL, AT(cookie) },
	{ 0 },
};

/*
 * Creates a user and signs in.
 * 201 with user, device_id and tokens; with cookie also Set-Cookie. 403 registration_closed; 409
 * name_taken; 422 invalid_name; 429 too_busy.
 */
enum reply
post_register(struct request *r)
{
	struct sign_in_input in = { 0 };
	struct newcomer n;
	char hash[PASSWORD_HASH_BYTES];

	if (strcmp(settings.registration, "open") != 0)
		return reply_error(r, ERROR_REGISTRATION_CLOSED);
	if (!input_read(r, register_fields, &in) || !newcomer_make(r, &n))
		return REPLIED;
	if (!password_hash(address_of(r), in.password, hash))
		return reply_error(r, ERROR_TOO_BUSY);
	struct rows *rows = db_call(r, STATEMENT_USER_REGISTER, param_text(in.name), param_text(in.display_name), param_text(hash),
				    param_text(in.device_name), param_bytes(n.refresh_hash, TOKEN_HASH_BYTES), param_id(settings.refresh_seconds),
				    param_id(n.device), param_id(network_of(r)));
	if (!rows)
		return REPLIED;
	return reply_signed_in(r, 201, &(struct signing){ rows_number(rows, 0, 2), n.device, rows_text(rows, 0, 1), n.refresh, in.cookie });
}

/* Counts a sign-in against a limit. Returns false when it has replied. */
static bool
login_counted(struct request *r, enum rate_class class, uint64_t whom)
{
	struct allowance a = limiter_take(class, whom, r->started_us);

	if (a.allowed)
		return true;
	reply_error(r, ERROR_RATE_LIMITED);
	reply_header(r, "Retry-After", "%ld", a.retry_seconds);
	return false;
}

/* Returns a keyed hash of a name in lower case, whether or not a user has that name. */
static uint64_t
name_number(struct request *r, const char *name)
{
	char *lower = arena_copy(&r->arena, name, strlen(name));

	for (char *c = lower; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return device_token_number(lower, strlen(lower));
}

/*
 * Signs in on a new device.
 * Guesses have two limits beside that of the address. One slows a network that guesses for one
 * name. The other slows many networks together. It excludes networks where the user has signed in
 * before, so that guessing does not lock the user out there.
 * 200 with user, device_id and tokens; with cookie also Set-Cookie. 401 invalid_credentials, in the
 * same time for a wrong name and a wrong password; 429 rate_limited, too_busy.
 */
enum reply
post_login(struct request *r)
{
	struct sign_in_input in = { 0 };
	struct newcomer n;
	int64_t network = network_of(r);

	if (!input_read(r, login_fields, &in))
		return REPLIED;
	uint64_t name = name_number(r, in.name);
	if (!login_counted(r, RATE_LOGIN_NAME, name ^ (uint64_t)network))
		return REPLIED;
	struct rows *rows = db_call(r, STATEMENT_USER_CREDENTIALS, param_text(in.name), param_id(network));
	if (!rows)
		return REPLIED;
	bool is_user = rows_count(rows) > 0, is_known = is_user && rows_number(rows, 0, 2);
	if (!is_known && !login_counted(r, RATE_LOGIN_STRANGERS, name))
		return REPLIED;
	switch (password_check(address_of(r), in.password, is_user ? rows_text(rows, 0, 1) : NULL)) {
	case PASSWORD_BUSY:
		return reply_error(r, ERROR_TOO_BUSY);
	case PASSWORD_WRONG:
		return reply_error(r, ERROR_INVALID_CREDENTIALS);
	case PASSWORD_RIGHT:
		break;
	}
	int64_t user = rows_number(rows, 0, 0);
	if (!newcomer_make(r, &n))
		return REPLIED;
	rows = db_call(r, STATEMENT_DEVICE_SIGN_IN, param_id(user), param_text(in.device_name), param_bytes(n.refresh_hash, TOKEN_HASH_BYTES),
		       param_id(settings.refresh_seconds), param_id(n.device), param_id(network));
	if (!rows)
		return REPLIED;
	rows_publish(rows, 1, 2);
	/* devices that were signed out to keep the limit of devices */
	for (int i = 1; i < rows_count(rows); i++)
		device_forget(r, user, rows_number(rows, i, 0));
	return reply_signed_in(r, 200, &(struct signing){ user, n.device, rows_text(rows, 0, 1), n.refresh, in.cookie });
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
 * Finds the device of a refresh token: from the token's text, or from the database for a token of
 * version 1. Returns false when it has replied.
 */
static bool
token_find(struct request *r, const char *text, const unsigned char hash[TOKEN_HASH_BYTES], struct device_token *out)
{
	if (device_token_parse(text, out))
		return true;
	struct rows *rows = db_call(r, STATEMENT_DEVICE_OF_TOKEN, param_bytes(hash, TOKEN_HASH_BYTES));
	if (!rows)
		return false;
	if (rows_count(rows) == 0) {
		reply_error(r, ERROR_INVALID_REFRESH_TOKEN);
		return false;
	}
	*out = (struct device_token){ rows_number(rows, 0, 0), (int32_t)rows_number(rows, 0, 1), .is_signed = true };
	return true;
}

/*
 * Exchanges a refresh token for a new pair of tokens.
 * 200 with device_id and tokens. A token that was just replaced returns the same successor again.
 * 401 invalid_refresh_token; 401 refresh_token_reused, and the device is revoked.
 */
enum reply
post_refresh(struct request *r)
{
	struct refresh_input in = { 0 };
	struct device_token old;
	char refresh[DEVICE_TOKEN_BYTES];
	unsigned char old_hash[TOKEN_HASH_BYTES], new_hash[TOKEN_HASH_BYTES];

	if (!input_read(r, refresh_fields, &in))
		return REPLIED;
	token_hash(in.refresh_token, strlen(in.refresh_token), old_hash);
	if (!token_find(r, in.refresh_token, old_hash, &old))
		return REPLIED;
	device_token_next(in.refresh_token, &old, refresh);
	token_hash(refresh, strlen(refresh), new_hash);
	struct rows *rows = db_call(r, STATEMENT_DEVICE_REFRESH, param_id(old.device),
				    old.is_signed ? param_number(old.generation) : param_text(NULL), param_bytes(old_hash, TOKEN_HASH_BYTES),
				    param_bytes(new_hash, TOKEN_HASH_BYTES), param_id(settings.refresh_seconds), param_id(network_of(r)));
	if (!rows)
		return REPLIED;
	const char *status = rows_text(rows, 0, 0);
	int64_t user = rows_number(rows, 0, 1), device = rows_number(rows, 0, 2);
	if (strcmp(status, "ok") == 0)
		return reply_signed_in(r, 200, &(struct signing){ user, device, NULL, refresh, in.cookie });
	if (strcmp(status, "refresh_token_reused") != 0)
		return reply_error(r, ERROR_INVALID_REFRESH_TOKEN);
	rows_publish(rows, 0, 3);
	device_forget(r, user, device);
	return reply_error(r, ERROR_REFRESH_TOKEN_REUSED);
}

/*
 * Signs out: revokes the calling device.
 * 204, and the cookie is cleared.
 */
enum reply
post_logout(struct request *r)
{
	struct rows *rows = db_call(r, STATEMENT_DEVICE_REVOKE, param_id(r->user), param_id(r->device));

	/* another request has just signed the device out, as requested */
	if (!rows && r->error != ERROR_DEVICE_NOT_FOUND)
		return REPLIED;
	if (rows)
		rows_publish(rows, 1, 0);
	device_forget(r, r->user, r->device);
	cookie_set(r, "", 0);
	return reply_status(r, 204);
}
