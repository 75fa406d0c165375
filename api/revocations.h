/* SPDX-License-Identifier: MIT */
/* Keeps lib/revoked up to date from the database, over a link of its own. */
#ifndef API_REVOCATIONS_H
#define API_REVOCATIONS_H

#include <stdbool.h>

/* Asks once; the first time for the whole life of an access token. One thread at a time. False when the database did not answer. */
bool revocations_poll(void);
void revocations_close(void);

#endif
