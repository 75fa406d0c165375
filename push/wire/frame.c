/* SPDX-License-Identifier: MIT */
/* WebSocket frames, as strict as RFC 6455. */
#include "push/wire/frame.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "push/wire/utf8.h"

enum {
	FIN = 0x80,
	RESERVED = 0x70,
	OPCODE = 0x0f,
	CONTROL = 0x08,
	MASKED = 0x80,
	LENGTH = 0x7f,
	LENGTH_16 = 126,
	LENGTH_64 = 127,
	MASK_BYTES = 4,
	FRAGMENTS_MIN_BYTES = 256,

	CODE_PROTOCOL = 1002,
	CODE_NOT_UTF8 = 1007,
	CODE_TOO_LARGE = 1009,
};

/* Parsed header of a frame. */
struct header {
	uint8_t opcode;
	bool final;
	size_t bytes; /* length of the header, with the mask */
	uint64_t payload_len;
	uint8_t mask[MASK_BYTES];
};

static enum frame_result
refuse(struct frame *out, uint16_t code)
{
	out->close_code = code;
	return FRAME_ERROR;
}

static uint64_t
big_endian(const uint8_t *bytes, int n)
{
	uint64_t value = 0;

	for (int i = 0; i < n; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* Returns whether a frame may begin with this byte (5.2) at this point of a message (5.4). */
static bool
first_byte_is_right(uint8_t byte, bool message_is_open)
{
	uint8_t opcode = byte & OPCODE;

	if (byte & RESERVED)
		return false;
	if (opcode & CONTROL)
		return (byte & FIN) && opcode <= FRAME_PONG;
	return opcode <= FRAME_BINARY && message_is_open == (opcode == FRAME_CONTINUATION);
}

/*
 * Reads a header as far as it has arrived, and refuses it at the first wrong byte. Returns
 * FRAME_MESSAGE when the header is complete.
 */
static enum frame_result
header_read(const struct frame_input *in, const uint8_t *data, size_t n, size_t limit, struct header *h, struct frame *out)
{
	if (n < 1)
		return FRAME_MORE;
	if (!first_byte_is_right(data[0], in->fragments_opcode != 0))
		return refuse(out, CODE_PROTOCOL);
	if (n < 2)
		return FRAME_MORE;

	uint8_t length = data[1] & LENGTH;
	bool control = data[0] & CONTROL;
	int extended = length == LENGTH_64 ? 8 : length == LENGTH_16 ? 2 : 0;

	if (!(data[1] & MASKED) || (control && length > FRAME_CONTROL_BYTES))
		return refuse(out, CODE_PROTOCOL);
	if (n < 2 + (size_t)extended)
		return FRAME_MORE;
	h->payload_len = extended ? big_endian(data + 2, extended) : length;
	if ((extended == 2 && h->payload_len < LENGTH_16) || (extended == 8 && (h->payload_len <= UINT16_MAX || h->payload_len >> 63)))
		return refuse(out, CODE_PROTOCOL);
	if (!control && h->payload_len + in->fragments_len > limit)
		return refuse(out, CODE_TOO_LARGE);
	h->bytes = 2 + (size_t)extended + MASK_BYTES;
	if (n < h->bytes)
		return FRAME_MORE;
	h->opcode = data[0] & OPCODE;
	h->final = data[0] & FIN;
	memcpy(h->mask, data + h->bytes - MASK_BYTES, MASK_BYTES);
	return FRAME_MESSAGE;
}

static void
unmask(uint8_t *payload, size_t n, const uint8_t mask[MASK_BYTES])
{
	uint64_t eight, twice;
	size_t i = 0;

	memcpy(&twice, mask, MASK_BYTES);
	memcpy((uint8_t *)&twice + MASK_BYTES, mask, MASK_BYTES);
	for (; n - i >= sizeof eight; i += sizeof eight) {
		memcpy(&eight, payload + i, sizeof eight);
		eight ^= twice;
		memcpy(payload + i, &eight, sizeof eight);
	}
	for (; i < n; i++)
		payload[i] ^= mask[i % MASK_BYTES];
}

/*
 * Returns the size of the buffer for fragments of that length. It is a power of two, so that the
 * length alone determines it.
 */
static size_t
fragments_room(size_t len)
{
	size_t room = FRAGMENTS_MIN_BYTES;

	while (room < len)
		room *= 2;
	return len ? room : 0;
}

static void
fragments_append(struct frame_input *in, const uint8_t *payload, size_t n)
{
	size_t room = fragments_room(in->fragments_len + n);

	if (n == 0)
		return;
	if (room > fragments_room(in->fragments_len))
		in->fragments = memory_resize(in->fragments, room);
	memcpy(in->fragments + in->fragments_len, payload, n);
	in->fragments_len += (uint32_t)n;
}

/*
 * Reads a fragment, or a message in one frame. Returns FRAME_MORE when it kept a fragment and the
 * message continues.
 */
static enum frame_result
data_read(struct frame_input *in, const struct header *h, const uint8_t *payload, struct frame *out)
{
	size_t n = (size_t)h->payload_len;
	uint8_t opcode = h->opcode == FRAME_CONTINUATION ? in->fragments_opcode : h->opcode;

	if (opcode == FRAME_TEXT) {
		in->utf8 = utf8_next(in->utf8, payload, n);
		if (in->utf8 == UTF8_BAD || (h->final && in->utf8 != UTF8_WHOLE))
			return refuse(out, CODE_NOT_UTF8);
	}
	if (!h->final || h->opcode == FRAME_CONTINUATION)
		fragments_append(in, payload, n);
	if (!h->final) {
		in->fragments_opcode = opcode;
		return FRAME_MORE;
	}
	out->opcode = opcode;
	out->payload = in->fragments_len ? in->fragments : payload;
	out->len = in->fragments_len ? in->fragments_len : n;
	in->fragments_opcode = 0;
	return FRAME_MESSAGE;
}

/* Reads a close frame (5.5.1), a ping or a pong. */
static enum frame_result
control_read(const struct header *h, const uint8_t *payload, struct frame *out)
{
	out->opcode = h->opcode;
	out->payload = payload;
	out->len = (size_t)h->payload_len;
	if (h->opcode != FRAME_CLOSE)
		return FRAME_MESSAGE;
	if (out->len == 0) {
		out->close_code = FRAME_CLOSE_SAYS_NOTHING;
		return FRAME_MESSAGE;
	}
	if (out->len == 1 || !frame_close_code_is_valid((unsigned)big_endian(payload, 2)))
		return refuse(out, CODE_PROTOCOL);
	if (utf8_next(UTF8_WHOLE, payload + 2, out->len - 2) != UTF8_WHOLE)
		return refuse(out, CODE_NOT_UTF8);
	out->close_code = (uint16_t)big_endian(payload, 2);
	out->payload += 2;
	out->len -= 2;
	return FRAME_MESSAGE;
}

enum frame_result
frame_read(struct frame_input *in, uint8_t *data, size_t n, size_t limit, struct frame *out, size_t *consumed)
{
	enum frame_result result;
	struct header h;

	assert(limit <= INT32_MAX);
	*out = (struct frame){ .close_code = 0 };
	*consumed = 0;
	if (!in->fragments_opcode)
		frame_input_free(in);
	do {
		uint8_t *at = data + *consumed;
		size_t left = n - *consumed;

		result = header_read(in, at, left, limit, &h, out);
		if (result != FRAME_MESSAGE)
			return result;
		if (h.payload_len > left - h.bytes)
			return FRAME_MORE;
		unmask(at + h.bytes, (size_t)h.payload_len, h.mask);
		*consumed += h.bytes + (size_t)h.payload_len;
		out->used++;
		result = h.opcode & CONTROL ? control_read(&h, at + h.bytes, out) : data_read(in, &h, at + h.bytes, out);
	} while (result == FRAME_MORE);
	return result;
}

void
frame_input_free(struct frame_input *in)
{
	free(in->fragments);
	*in = (struct frame_input){ 0 };
}

size_t
frame_header(enum frame_opcode opcode, uint64_t payload_len, uint8_t out[FRAME_HEADER_BYTES])
{
	int extended = payload_len < LENGTH_16 ? 0 : payload_len <= UINT16_MAX ? 2 : 8;

	assert(payload_len >> 63 == 0);
	out[0] = (uint8_t)(FIN | opcode);
	out[1] = extended == 8 ? LENGTH_64 : extended == 2 ? LENGTH_16 : (uint8_t)payload_len;
	for (int i = 0; i < extended; i++)
		out[2 + i] = (uint8_t)(payload_len >> 8 * (extended - 1 - i));
	return 2 + (size_t)extended;
}

size_t
frame_close_payload(uint16_t code, uint8_t out[2])
{
	out[0] = (uint8_t)(code >> 8);
	out[1] = (uint8_t)code;
	return code == FRAME_CLOSE_SAYS_NOTHING ? 0 : 2;
}

int
frame_close_code_is_valid(unsigned code)
{
	if (code >= 3000)
		return code <= 4999;
	return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}
