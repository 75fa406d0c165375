/* SPDX-License-Identifier: MIT */
/* Limits on the input of clients: its cost, and the memory and time of unfinished messages. */
#ifndef PUSH_UNFINISHED_H
#define PUSH_UNFINISHED_H

#include <stdbool.h>
#include <stddef.h>

#include "push/net/conn.h"

/*
 * Charges n bytes of input, and the bytes that were kept before them. Closes a connection that
 * sends too much.
 */
void unfinished_pay(struct conn *c, size_t n, size_t kept);

/* Counts the kept bytes of a client's messages. */
void unfinished_count(struct conn *c);

/*
 * Notes that input was handled. whole: it completed a message. Closes the connection when all
 * clients together have too many unfinished bytes.
 */
void unfinished_note(struct conn *c, bool whole);

void unfinished_open(void);
void unfinished_close(void);

#endif
