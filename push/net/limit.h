/* SPDX-License-Identifier: MIT */
/*
 * Named limits that a flood meets: of a stream, a user, an address, or the whole process
 * (docs/operations.md, section 7).
 */
#ifndef PUSH_LIMIT_H
#define PUSH_LIMIT_H

enum limit {
	LIMITED_NONE,
	LIMITED_FRAME_BYTES, /* limits of one stream, user or address … */
	LIMITED_FRAME_RATE,
	LIMITED_HANDSHAKE_SECONDS,
	LIMITED_MESSAGE_SECONDS,
	LIMITED_PONG_SECONDS,
	LIMITED_PEER_SECONDS,
	LIMITED_QUEUE_BYTES,
	LIMITED_INPUT_BYTES,
	LIMITED_STREAMS_PER_USER,
	LIMITED_STREAMS_PER_ADDRESS,
	LIMITED_BUFFER_BYTES, /* limits of the whole process … */
	LIMITED_UNFINISHED_BYTES,
	LIMITED_STREAMS,
	LIMITED_HANDSHAKES,
	LIMITED_ACCEPT_RATE,
	LIMITED_DESCRIPTORS,
	LIMITS
};

/* Returns the limit's name in metrics and logs: the setting without its prefix. */
const char *limit_name(int limit);

#endif
