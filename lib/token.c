/* SPDX-License-Identifier: MIT */
/* Access tokens: made by libjwt, checked here; opaque tokens by libsodium. */
#include "token.h"

#include <jwt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "identifier.h"
#include "secret.h"
#include "settings.h"

enum { MARK_BYTES = 43 };

static const char issuer[] = "banter";
static const char head[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."; /* {"alg":"HS256","typ":"JWT"} */
static unsigned char key[SECRET_BYTES];
static crypto_auth_hmacsha256_state keyed; /* before the first byte */

void
token_open(void)
{
	secret_load("jwt.key", key);
	crypto_auth_hmacsha256_init(&keyed, key, sizeof key);
}

static bool
token_claims(jwt_t *jwt, int64_t user, int64_t device)
{
	time_t now = time(NULL);
	char subject[24], did[24], jti[REFRESH_TOKEN_BYTES];

	snprintf(subject, sizeof subject, "%ld", (long)user);
	snprintf(did, sizeof did, "%ld", (long)device);
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

	if (jwt_new(&jwt) == 0 && token_claims(jwt, user, device) && jwt_set_alg(jwt, JWT_ALG_HS256, key, sizeof key) == 0)
		text = jwt_encode_str(jwt);
	bool made = text && strlen(text) < TOKEN_BYTES;
	if (made)
		strcpy(out, text);
	free(text);
	jwt_free(jwt);
	return made;
}

/* The value behind a claim's name, up to its end: a quote, or what follows a number. */
static bool
claim_find(const char *claims, const char *name, const char *end, const char **value, size_t *len)
{
	const char *at = strstr(claims, name);

	if (!at)
		return false;
	*value = at + strlen(name);
	*len = strcspn(*value, end);
	return (*value)[*len] != '\0';
}

static bool
claim_is(const char *claims, const char *name, const char *want)
{
	const char *value;
	size_t len;

	return claim_find(claims, name, "\"", &value, &len) && len == strlen(want) && memcmp(value, want, len) == 0;
}

static bool
claim_id(const char *claims, const char *name, const char *end, int64_t *id)
{
	const char *value;
	size_t len;

	return claim_find(claims, name, end, &value, &len) && identifier_parse(value, len, id);
}

/*
 * The signature was good for our key; they must also be our words and our time. What is signed is what token_make wrote: without blanks, and
 * no value of ours has a quote in it.
 */
static enum token_verdict
claims_read(const char *claims, struct token *out)
{
	if (!claim_is(claims, "\"iss\":\"", issuer) || !claim_is(claims, "\"aud\":\"", issuer))
		return TOKEN_BAD;
	if (!claim_id(claims, "\"sub\":\"", "\"", &out->user) || !claim_id(claims, "\"did\":\"", "\"", &out->device))
		return TOKEN_BAD;
	if (!claim_id(claims, "\"exp\":", ",}", &out->expires))
		return TOKEN_BAD;
	return out->expires <= time(NULL) ? TOKEN_EXPIRED : TOKEN_GOOD;
}

/* Is mark our signature (RFC 7515, 5.2) of these n bytes? */
static bool
mark_is_good(const char *text, size_t n, const char *mark, size_t mark_len)
{
	unsigned char right[crypto_auth_hmacsha256_BYTES];
	char right_text[MARK_BYTES + 1];
	crypto_auth_hmacsha256_state state = keyed;

	crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, n);
	crypto_auth_hmacsha256_final(&state, right);
	sodium_bin2base64(right_text, sizeof right_text, right, sizeof right, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return mark_len == MARK_BYTES && sodium_memcmp(mark, right_text, MARK_BYTES) == 0;
}

/* libjwt takes three times as long, and takes any algorithm; ours is the one head that we write. */
enum token_verdict
token_check(const char *text, size_t n, struct token *out)
{
	char claims[TOKEN_BYTES];
	size_t head_len = sizeof head - 1, len;

	if (n <= head_len || n >= TOKEN_BYTES || memcmp(text, head, head_len) != 0)
		return TOKEN_BAD;
	const char *body = text + head_len, *dot = memchr(body, '.', n - head_len);
	if (!dot || !mark_is_good(text, (size_t)(dot - text), dot + 1, (size_t)(text + n - dot - 1)))
		return TOKEN_BAD;
	if (sodium_base642bin((unsigned char *)claims, sizeof claims - 1, body, (size_t)(dot - body), NULL, &len, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return TOKEN_BAD;
	claims[len] = '\0';
	return claims_read(claims, out);
}

void
token_random(char out[REFRESH_TOKEN_BYTES])
{
	unsigned char bytes[32];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(out, REFRESH_TOKEN_BYTES, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void
token_hash(const char *text, size_t n, unsigned char out[TOKEN_HASH_BYTES])
{
	crypto_hash_sha256(out, (const unsigned char *)text, n);
}
