/* SPDX-License-Identifier: MIT */
/* Commands that a client sends over a WebSocket (docs/events.md, section 7). */
#ifndef PUSH_COMMANDS_H
#define PUSH_COMMANDS_H

#include <stddef.h>

#include "push/net/conn.h"

/*
 * Runs one command and answers it, at once or when it is done. Before authentication, anything but
 * a valid auth closes the connection. Afterwards an invalid command is answered with an error.
 */
void command_run(struct conn *c, const char *text, size_t len);

#endif
