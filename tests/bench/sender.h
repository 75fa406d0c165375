/* SPDX-License-Identifier: MIT */
/*
 * Ways to make a message arrive at a conversation's subscribers, as many as are asked for, without
 * waiting:
 *
 *   limit     one byte to the limit program, which then sends its prepared frame to everybody
 *   doorbell  messages_send in the database, a few messages ahead, then the event by PUBLISH:
 *             all of push, none of the api
 *   rest      POST through lighttpd and the api, one kept connection for each message in flight
 *   socket    message.send on a WebSocket of the author
 */
#ifndef BENCH_SENDER_H
#define BENCH_SENDER_H

struct sender;

/*
 * From the options: conversation, author (a user), devices, text_bytes; and what the kind needs:
 * limit_port and frame_bytes, database and redis (socket paths), rest_port, port. ahead: how many
 * will be in flight. Ends the program when it cannot.
 * With spread=N a message by rest goes to any of the N from `conversation` on, by the user who is
 * as far from `author`.
 */
struct sender *sender_open(const char *kind, int ahead);

/* Asks for n more messages. */
void sender_send(struct sender *s, int n);

/*
 * Stores so many beforehand (doorbell), a few thousand at most, so that PostgreSQL takes no CPU
 * from who reads. Else it does nothing.
 */
void sender_stock(struct sender *s, int n);

/* Sets the limit program's bytes per frame. */
void sender_frame(struct sender *s, long bytes);

#endif
