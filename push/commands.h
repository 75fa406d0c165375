/* SPDX-License-Identifier: MIT */
/* The commands of a client: what comes up a WebSocket (docs/events.md, section 7). */
#ifndef PUSH_COMMANDS_H
#define PUSH_COMMANDS_H

#include <stddef.h>

#include "conn.h"

/* Does what one message says, and answers it, now or when it is done. What section 7 does not allow ends the connection. */
void command_run(struct conn *c, const char *text, size_t len);

#endif
