/* SPDX-License-Identifier: MIT */
/* The port: accepting, and what to do when there are no descriptors left. */
#ifndef PUSH_LISTENER_H
#define PUSH_LISTENER_H

#include <stdbool.h>

/* Binds settings.push_listen:push_port, to be shared by several processes. Leaves the program with 71 and a sentence when it cannot. */
void listener_open(void);
void listener_close(void);

#endif
