/* SPDX-License-Identifier: MIT */
/* Access tokens by libjwt, opaque tokens by libsodium. */
#include "lib/auth/token.h"

#include <assert.h>
#include <jwt.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/auth/secret.h"
#include "lib/base/clock.h"
#include "lib/base/id.h"
#include "lib/base/random.h"
#include "lib/base/settings.h"

static const char issuer[] = "banter";
static unsigned char keys[SIGNING_KEYS][SECRET_BYTES];
static int key_count;

void
token_open(void)
{
	key_count = secret_load_signing(keys);
}

enum { FINGERPRINT_BYTES = 16 };
static_assert(SIGNING_KEYS * (2 * FINGERPRINT_BYTES + 1) + 2 <= TOKEN_FINGERPRINTS_BYTES, "all fingerprints fit");

void
token_fingerprints(char out[TOKEN_FINGERPRINTS_BYTES])
{
	static const char purpose[] = "banter signing key";
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	size_t len = 0;

	assert(key_count > 0);
	for (int i = 0; i < key_count; i++) {
		crypto_hash_sha256_init(&state);
		crypto_hash_sha256_update(&state, (const unsigned char *)purpose, sizeof purpose);
		crypto_hash_sha256_update(&state, keys[i], SECRET_BYTES);
		crypto_hash_sha256_final(&state, hash);
		out[len++] = i == 0 ? '{' : ',';
		sodium_bin2hex(out + len, TOKEN_FINGERPRINTS_BYTES - len, hash, FINGERPRINT_BYTES);
		len += (size_t)2 * FINGERPRINT_BYTES;
	}
	out[len++] = '}';
	out[len] = '\0';
}

static bool
token_claims(jwt_t *jwt, int64_t user, int64_t device)
{
	time_t now = clock_wall_ms() / 1000;
	char subject[24], did[24], jti[RANDOM_TOKEN_BYTES];

	id_text(user, subject);
	id_text(device, did);
	token_random(jti);
	jti[22] = '\0';
	return jwt_add_grant(jwt, "iss", issuer) == 0 && jwt_add_grant(jwt, "aud", issuer) == 0 && jwt_add_grant(jwt, "sub", subject) == 0 &&
	       jwt_add_grant(jwt, "did", did) == 0 && jwt_add_grant(jwt, "jti", jti) == 0 && jwt_add_grant_int(jwt, "iat", now) == 0 &&
	       jwt_add_grant_int(jwt, "exp", now + settings.token_seconds) == 0;
}

bool
token_make(int64_t user, int64_t device, char out[TOKEN_BYTES])
{
	jwt_t *jwt = NULL;
	char *text = NULL;

	if (jwt_new(&jwt) == 0 && token_claims(jwt, user, device) && jwt_set_alg(jwt, JWT_ALG_HS256, keys[0], SECRET_BYTES) == 0)
		text = jwt_encode_str(jwt);
	bool made = text && strlen(text) < TOKEN_BYTES;
	if (made)
		strcpy(out, text);
	free(text);
	jwt_free(jwt);
	return made;
}

static bool
grant_is(jwt_t *jwt, const char *name, const char *want)
{
	const char *value = jwt_get_grant(jwt, name);

	return value && strcmp(value, want) == 0;
}

static bool
grant_id(jwt_t *jwt, const char *name, int64_t *id)
{
	const char *value = jwt_get_grant(jwt, name);

	return value && id_parse(value, strlen(value), id);
}

/*
 * Returns whether the token is not valid yet (RFC 7519, 4.1.5), or has a time that cannot be
 * parsed.
 */
static bool
token_is_early(jwt_t *jwt)
{
	char *text = jwt_get_grants_json(jwt, "nbf"), *end = NULL;
	long from = text ? strtol(text, &end, 10) : 0;
	bool early = text && (end == text || *end || from > clock_wall_ms() / 1000);

	free(text);
	return early;
}

/*
 * Returns whether the header names extensions that must be understood (RFC 7515, 4.1.11). Banter
 * understands none.
 */
static bool
token_has_extensions(jwt_t *jwt)
{
	char *extensions = jwt_get_headers_json(jwt, "crit");
	bool has = extensions != NULL;

	free(extensions);
	return has;
}

/* Checks a token whose signature is valid: the algorithm, issuer, audience, ids and times. */
static enum token_verdict
token_read(jwt_t *jwt, struct token *out)
{
	if (jwt_get_alg(jwt) != JWT_ALG_HS256 || !grant_is(jwt, "iss", issuer) || !grant_is(jwt, "aud", issuer))
		return TOKEN_BAD;
	if (!grant_id(jwt, "sub", &out->user) || !grant_id(jwt, "did", &out->device))
		return TOKEN_BAD;
	if (token_is_early(jwt) || token_has_extensions(jwt))
		return TOKEN_BAD;
	out->expires = jwt_get_grant_int(jwt, "exp");
	if (out->expires <= 0)
		return TOKEN_BAD;
	return out->expires <= clock_wall_ms() / 1000 ? TOKEN_EXPIRED : TOKEN_GOOD;
}

enum token_verdict
token_check(const char *text, size_t n, struct token *out)
{
	char copy[TOKEN_BYTES];
	jwt_t *jwt = NULL;
	enum token_verdict verdict = TOKEN_BAD;

	if (n == 0 || n >= sizeof copy || memchr(text, '\0', n))
		return TOKEN_BAD;
	memcpy(copy, text, n);
	copy[n] = '\0';
	for (int i = 0; i < key_count && !jwt; i++)
		if (jwt_decode(&jwt, copy, keys[i], SECRET_BYTES) != 0)
			jwt = NULL;
	if (jwt)
		verdict = token_read(jwt, out);
	jwt_free(jwt);
	return verdict;
}

void
token_random(char out[RANDOM_TOKEN_BYTES])
{
	unsigned char bytes[32];

	random_bytes(bytes, sizeof bytes);
	sodium_bin2base64(out, RANDOM_TOKEN_BYTES, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void
token_hash(const char *text, size_t n, unsigned char out[TOKEN_HASH_BYTES])
{
	crypto_hash_sha256(out, (const unsigned char *)text, n);
}
