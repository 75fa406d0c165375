/* SPDX-License-Identifier: MIT */
/* Frames as a client writes them. */
#ifndef TESTS_CLIENT_FRAME_H
#define TESTS_CLIENT_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "push/wire/frame.h"

/*
 * Appends a frame (masked, shortest length). Returns the number of bytes.
 * first: FIN, reserved bits, opcode.
 */
static inline size_t
client_frame(uint8_t *to, uint8_t first, const void *payload, size_t n, uint32_t mask)
{
	size_t header = frame_header(FRAME_TEXT, n, to);

	to[0] = first;
	to[1] |= 0x80;
	memcpy(to + header, &mask, 4);
	for (size_t i = 0; i < n; i++)
		to[header + 4 + i] = ((const uint8_t *)payload)[i] ^ ((const uint8_t *)&mask)[i % 4];
	return header + 4 + n;
}

#endif
