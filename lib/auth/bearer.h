/* SPDX-License-Identifier: MIT */
/* Access tokens of requests: checked once, and remembered until they expire. */
#ifndef LIB_BEARER_H
#define LIB_BEARER_H

#include "lib/auth/token.h"

/* Prepares the table of tokens. Called once, before threads start. */
void bearers_open(void);

/*
 * Checks a token as token_check does. A token that was valid before costs a tenth of that.
 * Thread-safe. Does not check revocation (lib/auth/revoked.h).
 */
enum token_verdict bearer_check(const char *text, size_t n, struct token *out) __attribute__((warn_unused_result));

#endif
