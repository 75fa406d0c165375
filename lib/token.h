/* SPDX-License-Identifier: MIT */
/* Access tokens: JWT (RFC 7519), HS256 with Banter's own key and nothing else. */
#ifndef LIB_TOKEN_H
#define LIB_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOKEN_BYTES = 1024, REFRESH_TOKEN_BYTES = 44, TICKET_BYTES = 44, TOKEN_HASH_BYTES = 32 };

enum token_verdict { TOKEN_GOOD, TOKEN_BAD, TOKEN_EXPIRED };

struct token {
	int64_t user;
	int64_t device;
	int64_t expires; /* seconds since 1970 */
};

/* Loads the signing key (secret "jwt.key"). Once, before threads. */
void token_open(void);

/* Makes a token that lives settings.token_seconds. False when the library refuses, which the caller answers as internal_error. */
bool token_make(int64_t user, int64_t device, char out[TOKEN_BYTES]) __attribute__((warn_unused_result));

/* Checks signature, algorithm, issuer, audience and times of n bytes of text. Thread-safe. */
enum token_verdict token_check(const char *text, size_t n, struct token *out) __attribute__((warn_unused_result));

/* Random opaque tokens (refresh tokens, tickets): 32 bytes as base64url, 43 characters and a NUL; stored as their SHA-256 only. */
void token_random(char out[REFRESH_TOKEN_BYTES]);
void token_hash(const char *text, size_t n, unsigned char out[TOKEN_HASH_BYTES]);

#endif
