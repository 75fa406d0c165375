/* SPDX-License-Identifier: MIT */
/* Access tokens as requests carry them: checked once, remembered until they expire. */
#ifndef API_BEARER_H
#define API_BEARER_H

#include "lib/token.h"

/* Once, before threads. */
void bearers_open(void);

/* What token_check says of a text, at a tenth of its cost when it was good before. Revocation is another matter: lib/revoked.h. */
enum token_verdict bearer_check(const char *text, struct token *out) __attribute__((warn_unused_result));

#endif
