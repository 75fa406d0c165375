/* SPDX-License-Identifier: MIT */
/*
 * Health of PostgreSQL and Redis, which streams receive as stream.health (docs/events.md, section
 * 4).
 */
#ifndef PUSH_HEALTH_H
#define PUSH_HEALTH_H

#include "push/net/conn.h"

void health_open(void);
void health_close(void);

/* Sends stream.health to a new stream while PostgreSQL or Redis does not answer. */
void health_tell(struct conn *c);

#endif
