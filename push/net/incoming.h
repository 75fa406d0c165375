/* SPDX-License-Identifier: MIT */
/*
 * Input of connections: read into one shared buffer; the unused rest is kept for each connection.
 */
#ifndef PUSH_INCOMING_H
#define PUSH_INCOMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/net/conn.h"

/*
 * Reads all input and passes it to the owner. has_ended: the loop has reported that the peer
 * has ended.
 */
void conn_read(struct conn *c, bool has_ended);

/*
 * Keeps n bytes for the next input. Closes the connection when they leave no room to read behind
 * them.
 */
void conn_save_input(struct conn *c, const uint8_t *data, size_t n);

/* Handles the kept input again, for example after a long-poll's answer. */
void conn_resume_input(struct conn *c);

/* Frees the buffer. */
void incoming_close(void);

#endif
