/* SPDX-License-Identifier: MIT */
/*
 * Group commit of messages: sends that arrive at the same time share one transaction. A serving
 * thread queues its send with its request, and serves the next request. A thread of the sender
 * takes what is queued as soon as a connection of the sender is free. It stores the
 * batch, publishes the events and replies to the requests. No send waits for a timer, and no thread
 * is woken for each reply.
 */
#ifndef API_SENDER_H
#define API_SENDER_H

#include "api/messages/sent.h"
#include "lib/chat/message_draft.h"

void sender_open(void);
void sender_close(void);

/*
 * Stores a message. After COMMIT, or on an error, calls answer and sends the reply. The request has
 * another owner from here on. The draft and its texts must live until the reply.
 */
enum reply sender_send(struct request *r, const struct message_draft *draft, send_answer *answer);

/*
 * Run the sender. sender_threads() threads run sender_run, which returns after sender_stop when all
 * sends are answered.
 */
long sender_threads(void);
void sender_run(void);
void sender_stop(void);

#endif
