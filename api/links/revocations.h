/* SPDX-License-Identifier: MIT */
/* The updates of lib/auth/revoked.h from the database, over a connection of its own. */
#ifndef API_REVOCATIONS_H
#define API_REVOCATIONS_H

#include <stdbool.h>

/*
 * Queries once. The first query covers the whole life of an access token. One thread at a time may
 * call it. Returns false when the database did not answer.
 */
bool revocations_poll(void);
void revocations_close(void);

#endif
