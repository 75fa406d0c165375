/* SPDX-License-Identifier: MIT */
/*
 * Heartbeats by which the devices of our streams are present, and the times when users were last
 * seen.
 */
#ifndef PUSH_HEARTBEAT_H
#define PUSH_HEARTBEAT_H

#include <stdint.h>

#include "push/net/conn.h"

/*
 * Queues a heartbeat for the stream's device. Heartbeats of the same moment share one command. The
 * following ones are sent each few seconds without a call.
 */
void heartbeat_soon(const struct conn *c);

/* Sends a heartbeat for every live stream, because Redis may have lost its data. */
void heartbeat_all(void);

/* Notes that the user's last stream in this process has closed. */
void heartbeat_departed(int64_t user);

/*
 * Stores when recently departed users were last seen, because Redis may have forgotten them. Skips
 * users who are present by another stream.
 */
void heartbeat_recover(void);

void heartbeat_open(void);
void heartbeat_close(void);

#endif
