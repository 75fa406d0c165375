/* SPDX-License-Identifier: MIT */
/*
 * Catching up after a break of the connections to Redis: reads what no replay covers, and delivers
 * the differences.
 */
#ifndef PUSH_CATCHUP_H
#define PUSH_CATCHUP_H

/*
 * Begins to catch up. Called when all channels are subscribed, at first and after each reconnect.
 */
void catchup_begin(void);

void catchup_open(void);
void catchup_close(void);

#endif
