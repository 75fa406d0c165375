/* SPDX-License-Identifier: MIT */
/* Whether PostgreSQL and Redis answer, as the streams are told it: stream.health (docs/events.md, section 4). */
#ifndef PUSH_HEALTH_H
#define PUSH_HEALTH_H

#include "conn.h"

void health_open(void);
void health_close(void);

/* A new stream is told when something is degraded. */
void health_tell(struct conn *c);

#endif
