/* SPDX-License-Identifier: MIT */
/*
 * Ways to make a message arrive at a conversation's subscribers, as many as are asked for, without
 * waiting:
 *
 *   limit     one byte to the limit program, which then sends its prepared frame to everybody
 *   publish   messages_send in the database, a few messages ahead, then the event by PUBLISH:
 *             all of push, none of the api
 */
#ifndef BENCH_SENDER_H
#define BENCH_SENDER_H

struct sender;

/*
 * Begins to send as the options say: conversation, author (a user), text_bytes; limit_port and
 * frame_bytes for limit; database and redis (socket paths) for publish. ahead: how many will be in
 * flight. Ends the program when it cannot.
 */
struct sender *sender_open(const char *kind, int ahead);

/* Asks for n more messages. */
void sender_send(struct sender *s, int n);

/*
 * Stores so many beforehand (publish), a few thousand at most, so that PostgreSQL takes no CPU
 * from who reads. Else it does nothing.
 */
void sender_stock(struct sender *s, int n);

/* Sets the limit program's bytes per frame. */
void sender_frame(struct sender *s, long bytes);

#endif
