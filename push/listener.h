/* SPDX-License-Identifier: MIT */
/* The port: accepting, and what to do when there are no descriptors left. */
#ifndef PUSH_LISTENER_H
#define PUSH_LISTENER_H

#include <stdbool.h>

/*
 * Binds settings.push_listen:push_port and listens; several may, and the kernel spreads who comes among them. Leaves the program with 71 and a
 * line in the log when it cannot.
 */
int listener_bind(void);

/* Accepts from such a socket; stops doing so. */
void listener_open(int fd);
void listener_close(void);

#endif
