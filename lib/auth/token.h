/* SPDX-License-Identifier: MIT */
/* Access tokens: JWT (RFC 7519), only HS256 and only with Banter's own keys. */
#ifndef LIB_TOKEN_H
#define LIB_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOKEN_BYTES = 1024, RANDOM_TOKEN_BYTES = 44, TICKET_BYTES = RANDOM_TOKEN_BYTES, TOKEN_HASH_BYTES = 32 };

enum token_verdict { TOKEN_GOOD, TOKEN_BAD, TOKEN_EXPIRED };

struct token {
	int64_t user;
	int64_t device;
	int64_t expires; /* seconds since 1970 */
};

/*
 * Loads the signing key (secret "jwt.key"). Also loads "jwt.key.next" and "jwt.key.previous" if
 * they exist: their tokens are accepted too while keys are rotated. Called once, before threads
 * start.
 */
void token_open(void);

/*
 * Writes the fingerprints of all loaded keys as a PostgreSQL array. A fingerprint reveals nothing
 * about its key.
 */
enum { TOKEN_FINGERPRINTS_BYTES = 128 };
void token_fingerprints(char out[TOKEN_FINGERPRINTS_BYTES]);

/*
 * Makes a token that is valid for settings.token_seconds. Returns false when the library fails; the
 * caller replies with internal_error.
 */
bool token_make(int64_t user, int64_t device, char out[TOKEN_BYTES]) __attribute__((warn_unused_result));

/* Checks the signature, algorithm, issuer, audience and times of n bytes of text. Thread-safe. */
enum token_verdict token_check(const char *text, size_t n, struct token *out) __attribute__((warn_unused_result));

/*
 * Makes a random text of 32 bytes as base64url: a ticket, or the secret of a refresh token. Hashes
 * any token: the database stores only its SHA-256.
 */
void token_random(char out[RANDOM_TOKEN_BYTES]);
void token_hash(const char *text, size_t n, unsigned char out[TOKEN_HASH_BYTES]);

#endif
