/* SPDX-License-Identifier: MIT */
/* Access tokens as requests carry them: checked once, remembered until they expire. */
#ifndef LIB_BEARER_H
#define LIB_BEARER_H

#include "token.h"

/* Once, before threads. */
void bearers_open(void);

/* What token_check says of a text, at a tenth of its cost when it was good before. Thread-safe. Revocation is another matter: lib/revoked.h. */
enum token_verdict bearer_check(const char *text, size_t n, struct token *out) __attribute__((warn_unused_result));

#endif
