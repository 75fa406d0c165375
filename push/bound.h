/* SPDX-License-Identifier: MIT */
/* The bounds that a flood meets, by name: of a stream, a user, an address, or all (docs/operations.md, section 7). */
#ifndef PUSH_BOUND_H
#define PUSH_BOUND_H

enum bound {
	BOUND_NONE,
	BOUND_FRAME_BYTES, /* of a stream … */
	BOUND_FRAME_RATE,
	BOUND_HANDSHAKE_SECONDS,
	BOUND_PONG_SECONDS,
	BOUND_QUEUE_BYTES,
	BOUND_INPUT_BYTES,
	BOUND_STREAMS_PER_USER,
	BOUND_STREAMS_PER_ADDRESS,
	BOUND_BUFFER_BYTES, /* in all … */
	BOUND_STREAMS,
	BOUND_HANDSHAKES,
	BOUND_ACCEPT_RATE,
	BOUND_DESCRIPTORS,
	BOUNDS
};

/* As the metrics and the log have it: the setting without its prefix. */
const char *bound_name(int bound);

#endif
