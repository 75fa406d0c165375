/* SPDX-License-Identifier: MIT */
/*
 * Refresh tokens: "r2.DEVICE.GENERATION.SECRET.SIGNATURE". The database stores a hash of the whole
 * text.
 *
 * 1. The first secret of a device is random. Each further secret is a keyed hash of the token
 *    before it.
 * 2. So a token always has the same successor. A client that missed the reply repeats its request
 *    and loses nothing.
 * 3. To make a successor takes both the key and the predecessor. A copy of the database has
 *    neither.
 * 4. The signature proves that this server made the token for that device. An old token therefore
 *    proves that it was copied.
 * 5. The hash in the database alone decides whether a token is valid. A new key ends no session.
 */
#ifndef LIB_DEVICE_TOKEN_H
#define LIB_DEVICE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DEVICE_TOKEN_BYTES = 128 };

struct device_token {
	int64_t device;
	int32_t generation; /* 1 for a device's first token */
	bool is_signed;	    /* by one of the signing keys */
};

/*
 * Derives the keys from the signing keys of access tokens (secret_load_signing). Called once,
 * before threads start.
 */
void device_tokens_open(void);

/* Makes the first token of a device. */
void device_token_first(int64_t device, char out[DEVICE_TOKEN_BYTES]);

/*
 * Makes the successor of a token. text is the token as the client sent it, and of is its parsed
 * form.
 */
void device_token_next(const char *text, const struct device_token *of, char out[DEVICE_TOKEN_BYTES]);

/* Parses a token. Returns false for any other form; version 1 made 43 random characters. */
bool device_token_parse(const char *text, struct device_token *out) __attribute__((warn_unused_result));

/*
 * Returns a keyed hash as a number. It is for values that are compared but never read, and for
 * values that clients choose.
 */
uint64_t device_token_number(const void *bytes, size_t n);

#endif
