/* SPDX-License-Identifier: MIT */
/* Names of the limits. */
#include "push/net/bound.h"

#include <assert.h>

static const char *const names[BOUNDS] = {
	[BOUND_NONE] = "-",
	[BOUND_FRAME_BYTES] = "frame_bytes",
	[BOUND_FRAME_RATE] = "frame_rate",
	[BOUND_HANDSHAKE_SECONDS] = "handshake_seconds",
	[BOUND_MESSAGE_SECONDS] = "message_seconds",
	[BOUND_PONG_SECONDS] = "pong_seconds",
	[BOUND_PEER_SECONDS] = "peer_seconds",
	[BOUND_QUEUE_BYTES] = "queue_bytes",
	[BOUND_INPUT_BYTES] = "input_bytes",
	[BOUND_STREAMS_PER_USER] = "streams_per_user",
	[BOUND_STREAMS_PER_ADDRESS] = "streams_per_address",
	[BOUND_BUFFER_BYTES] = "buffer_bytes",
	[BOUND_UNFINISHED_BYTES] = "unfinished_bytes",
	[BOUND_STREAMS] = "streams",
	[BOUND_HANDSHAKES] = "handshakes",
	[BOUND_ACCEPT_RATE] = "accept_rate",
	[BOUND_DESCRIPTORS] = "descriptors",
};

const char *
bound_name(int bound)
{
	assert(bound >= 0 && bound < BOUNDS);
	return names[bound];
}
