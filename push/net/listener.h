/* SPDX-License-Identifier: MIT */
/* Listening socket of push: accepts connections, and pauses when no descriptors are left. */
#ifndef PUSH_LISTENER_H
#define PUSH_LISTENER_H

#include <stdbool.h>

struct conn_owner;

/*
 * Returns a socket that listens on settings.push_listen and push_port. Several may, and the kernel
 * spreads new connections over them. On failure it logs the reason and exits with 71.
 */
int listener_bind(void);

/* Accepts from such a socket, for this first owner of the connections; stops accepting. */
void listener_open(int fd, const struct conn_owner *owner);
void listener_close(void);

#endif
