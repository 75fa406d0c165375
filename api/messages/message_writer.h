/* SPDX-License-Identifier: MIT */
/*
 * Group commit of messages: sends that arrive at the same time share one transaction. A serving
 * thread queues its send with its request, and serves the next request. A thread of the writer
 * takes what is queued as soon as a connection of the writer is free. It stores the
 * batch, publishes the events and replies to the requests. No send waits for a timer, and no thread
 * is woken for each reply.
 */
#ifndef API_MESSAGE_WRITER_H
#define API_MESSAGE_WRITER_H

#include "api/messages/send_result.h"
#include "lib/chat/message_draft.h"

void message_writer_open(void);
void message_writer_close(void);

/*
 * Stores a message. After COMMIT, or on an error, calls reply and sends the reply. The request has
 * another owner from here on. The draft and its texts must live until the reply.
 */
enum reply message_writer_send(struct request *r, const struct message_draft *draft, send_reply *reply);

/*
 * Run the writer. message_writer_threads() threads run message_writer_run, which returns after
 * message_writer_stop when all sends are answered.
 */
long message_writer_threads(void);
void message_writer_run(void);
void message_writer_stop(void);

#endif
