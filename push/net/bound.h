/* SPDX-License-Identifier: MIT */
/*
 * Named limits that a flood meets: of a stream, a user, an address, or the whole process
 * (docs/operations.md, section 7).
 */
#ifndef PUSH_BOUND_H
#define PUSH_BOUND_H

enum bound {
	BOUND_NONE,
	BOUND_FRAME_BYTES, /* limits of one stream, user or address … */
	BOUND_FRAME_RATE,
	BOUND_HANDSHAKE_SECONDS,
	BOUND_MESSAGE_SECONDS,
	BOUND_PONG_SECONDS,
	BOUND_PEER_SECONDS,
	BOUND_QUEUE_BYTES,
	BOUND_INPUT_BYTES,
	BOUND_STREAMS_PER_USER,
	BOUND_STREAMS_PER_ADDRESS,
	BOUND_BUFFER_BYTES, /* limits of the whole process … */
	BOUND_UNFINISHED_BYTES,
	BOUND_STREAMS,
	BOUND_HANDSHAKES,
	BOUND_ACCEPT_RATE,
	BOUND_DESCRIPTORS,
	BOUNDS
};

/* Returns the limit's name in metrics and logs: the setting without its prefix. */
const char *bound_name(int bound);

#endif
