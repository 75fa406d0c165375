/* SPDX-License-Identifier: MIT */
/* Names of the limits. */
#include "push/net/limit.h"

#include <assert.h>

static const char *const names[LIMITS] = {
	[LIMITED_NONE] = "-",
	[LIMITED_FRAME_BYTES] = "frame_bytes",
	[LIMITED_FRAME_RATE] = "frame_rate",
	[LIMITED_HANDSHAKE_SECONDS] = "handshake_seconds",
	[LIMITED_MESSAGE_SECONDS] = "message_seconds",
	[LIMITED_PONG_SECONDS] = "pong_seconds",
	[LIMITED_PEER_SECONDS] = "peer_seconds",
	[LIMITED_QUEUE_BYTES] = "queue_bytes",
	[LIMITED_INPUT_BYTES] = "input_bytes",
	[LIMITED_STREAMS_PER_USER] = "streams_per_user",
	[LIMITED_STREAMS_PER_ADDRESS] = "streams_per_address",
	[LIMITED_BUFFER_BYTES] = "buffer_bytes",
	[LIMITED_UNFINISHED_BYTES] = "unfinished_bytes",
	[LIMITED_STREAMS] = "streams",
	[LIMITED_HANDSHAKES] = "handshakes",
	[LIMITED_ACCEPT_RATE] = "accept_rate",
	[LIMITED_DESCRIPTORS] = "descriptors",
};

const char *
limit_name(int limit)
{
	assert(limit >= 0 && limit < LIMITS);
	return names[limit];
}
