/* SPDX-License-Identifier: MIT */
/*
 * Frames by the cases of RFC 6455. Each is read whole, byte by byte, and cut at random, with the
 * same result.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frame_check.h"

enum { PIECES = 8, STREAM_BYTES = 4096 };

/* clang-format off */
/* Frame of a case: its first byte (FIN, reserved bits, opcode) and its payload. */
struct piece {
	uint8_t first;
	const char *payload;
	size_t len;
};
#define F(first, payload) { first, payload, sizeof payload - 1 }
#define SAYS(expected) expected, sizeof expected - 1

/*
 * First bytes. 8_ is a whole message or the last fragment, 0_ continues: 01 81 text, 02 82 binary,
 * 00 80 continuation, 88 close, 89 ping, 8a pong.
 */
static const struct row {
	const char *name;
	struct piece pieces[PIECES];
	const char *expected;
	size_t expected_len;
} rows[] = {
	{ "5.6: a text", { F(0x81, "Hello") }, SAYS("text:Hello\n") },
	{ "5.6: a binary message may be any bytes", { F(0x82, "\xff\xfe\x80") }, SAYS("binary:\xff\xfe\x80\n") },
	{ "5.6: an empty text", { F(0x81, "") }, SAYS("text:\n") },
	{ "5.6: an empty binary message", { F(0x82, "") }, SAYS("binary:\n") },
	{ "5.6: several messages", { F(0x81, "a"), F(0x82, "b"), F(0x81, ""), F(0x81, "c") }, SAYS("text:a\nbinary:b\ntext:\ntext:c\n") },

	{ "5.4: two fragments", { F(0x01, "Hel"), F(0x80, "lo") }, SAYS("text:Hello\n") },
	{ "5.4: binary fragments", { F(0x02, "\xff"), F(0x00, "\xfe"), F(0x80, "\x80") }, SAYS("binary:\xff\xfe\x80\n") },
	{ "5.4: an empty first fragment", { F(0x01, ""), F(0x80, "x") }, SAYS("text:x\n") },
	{ "5.4: an empty fragment in the middle", { F(0x01, "a"), F(0x00, ""), F(0x80, "b") }, SAYS("text:ab\n") },
	{ "5.4: an empty last fragment", { F(0x01, "a"), F(0x80, "") }, SAYS("text:a\n") },
	{ "5.4: nothing but empty fragments", { F(0x01, ""), F(0x00, ""), F(0x80, "") }, SAYS("text:\n") },
	{ "5.4: a ping between fragments", { F(0x01, "a"), F(0x89, "p"), F(0x80, "b") }, SAYS("ping:p\ntext:ab\n") },
	{ "5.4: pings and pongs between fragments", { F(0x01, "a"), F(0x89, "1"), F(0x8a, "2"), F(0x00, "b"), F(0x89, ""), F(0x80, "c") }, SAYS("ping:1\npong:2\nping:\ntext:abc\n") },
	{ "5.4: a close between fragments", { F(0x01, "a"), F(0x88, "\x03\xe8") }, SAYS("close 1000:\n") },
	{ "5.4: fragments, a text, fragments", { F(0x01, "a"), F(0x80, "b"), F(0x81, "c"), F(0x02, "d"), F(0x80, "e") }, SAYS("text:ab\ntext:c\nbinary:de\n") },
	{ "5.4: a continuation of nothing", { F(0x80, "x") }, SAYS("error 1002\n") },
	{ "5.4: a continuation of nothing that goes on", { F(0x00, "x") }, SAYS("error 1002\n") },
	{ "5.4: a continuation after the last fragment", { F(0x01, "a"), F(0x80, "b"), F(0x80, "c") }, SAYS("text:ab\nerror 1002\n") },
	{ "5.4: a continuation after a whole text", { F(0x81, "a"), F(0x80, "c") }, SAYS("text:a\nerror 1002\n") },
	{ "5.4: a text inside a message", { F(0x01, "a"), F(0x81, "b") }, SAYS("error 1002\n") },
	{ "5.4: a binary message inside a text", { F(0x01, "a"), F(0x82, "b") }, SAYS("error 1002\n") },
	{ "5.4: a second start", { F(0x02, "a"), F(0x02, "b") }, SAYS("error 1002\n") },

	{ "5.5.2: a ping", { F(0x89, "hi") }, SAYS("ping:hi\n") },
	{ "5.5.2: an empty ping", { F(0x89, "") }, SAYS("ping:\n") },
	{ "5.5.2: a ping may be any bytes", { F(0x89, "\xff\0\x80") }, SAYS("ping:\xff\0\x80\n") },
	{ "5.5.3: an unsolicited pong", { F(0x8a, "hi") }, SAYS("pong:hi\n") },
	{ "5.5: a fragmented ping", { F(0x09, "hi") }, SAYS("error 1002\n") },
	{ "5.5: a fragmented pong", { F(0x0a, "hi") }, SAYS("error 1002\n") },
	{ "5.5: a fragmented close", { F(0x08, "\x03\xe8") }, SAYS("error 1002\n") },
	{ "5.5: a control frame does not open a message", { F(0x89, ""), F(0x80, "x") }, SAYS("ping:\nerror 1002\n") },

	{ "5.5.1: a close that says nothing", { F(0x88, "") }, SAYS("close 1005:\n") },
	{ "5.5.1: a close with a code", { F(0x88, "\x03\xe8") }, SAYS("close 1000:\n") },
	{ "5.5.1: a close with a reason", { F(0x88, "\x0f\xa1" "bye \xe2\x82\xac") }, SAYS("close 4001:bye \xe2\x82\xac\n") },
	{ "5.5.1: half a code", { F(0x88, "\x03") }, SAYS("error 1002\n") },
	{ "5.5.1: a code that nobody may send", { F(0x88, "\x03\xed") }, SAYS("error 1002\n") },
	{ "5.5.1: a reason that is not UTF-8", { F(0x88, "\x03\xe8\xff") }, SAYS("error 1007\n") },
	{ "5.5.1: a reason that ends inside a character", { F(0x88, "\x03\xe8" "a\xe2\x82") }, SAYS("error 1007\n") },
	{ "5.5.1: the reason says nothing about an open text", { F(0x01, "\xe2"), F(0x88, "\x03\xe8\x82\xac") }, SAYS("error 1007\n") },

	{ "5.2: RSV1", { F(0xc1, "x") }, SAYS("error 1002\n") },
	{ "5.2: RSV2", { F(0xa1, "x") }, SAYS("error 1002\n") },
	{ "5.2: RSV3", { F(0x91, "x") }, SAYS("error 1002\n") },
	{ "5.2: all reserved bits", { F(0xf2, "x") }, SAYS("error 1002\n") },
	{ "5.2: a reserved bit on a ping", { F(0x99, "x") }, SAYS("error 1002\n") },
	{ "5.2: a reserved bit on a close", { F(0xc8, "\x03\xe8") }, SAYS("error 1002\n") },
	{ "5.2: a reserved bit on a continuation", { F(0x01, "x"), F(0xc0, "y") }, SAYS("error 1002\n") },
	{ "5.2: opcode 3", { F(0x83, "x") }, SAYS("error 1002\n") },
	{ "5.2: opcode 4", { F(0x84, "x") }, SAYS("error 1002\n") },
	{ "5.2: opcode 5", { F(0x85, "x") }, SAYS("error 1002\n") },
	{ "5.2: opcode 6", { F(0x86, "x") }, SAYS("error 1002\n") },
	{ "5.2: opcode 7", { F(0x87, "x") }, SAYS("error 1002\n") },
	{ "5.2: opcode 11", { F(0x8b, "x") }, SAYS("error 1002\n") },
	{ "5.2: opcode 12", { F(0x8c, "x") }, SAYS("error 1002\n") },
	{ "5.2: opcode 13", { F(0x8d, "x") }, SAYS("error 1002\n") },
	{ "5.2: opcode 14", { F(0x8e, "x") }, SAYS("error 1002\n") },
	{ "5.2: opcode 15", { F(0x8f, "x") }, SAYS("error 1002\n") },
	{ "5.2: opcode 3 inside a message", { F(0x01, "x"), F(0x03, "y") }, SAYS("error 1002\n") },
	{ "5.2: what was whole before an error is given", { F(0x81, "a"), F(0x89, "b"), F(0x83, "x") }, SAYS("text:a\nping:b\nerror 1002\n") },

	{ "8.1: every length of character", { F(0x81, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z") }, SAYS("text:a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\n") },
	{ "8.1: U+0000", { F(0x81, "a\0b") }, SAYS("text:a\0b\n") },
	{ "8.1: a character over two fragments", { F(0x01, "\xc3"), F(0x80, "\xa9") }, SAYS("text:\xc3\xa9\n") },
	{ "8.1: a character over four fragments", { F(0x01, "\xf0"), F(0x00, "\x9f"), F(0x00, "\x98"), F(0x80, "\x80") }, SAYS("text:\xf0\x9f\x98\x80\n") },
	{ "8.1: a ping inside a character", { F(0x01, "a\xe2"), F(0x89, "\x82"), F(0x00, ""), F(0x80, "\x82\xac") }, SAYS("ping:\x82\ntext:a\xe2\x82\xac\n") },
	{ "8.1: a character that the next fragment spoils", { F(0x01, "\xe2\x82"), F(0x00, "a") }, SAYS("error 1007\n") },
	{ "8.1: a fragment that begins inside no character", { F(0x01, "a"), F(0x00, "\x80") }, SAYS("error 1007\n") },
	{ "8.1: a character that the last fragment leaves open", { F(0x01, "a"), F(0x80, "\xe2\x82") }, SAYS("error 1007\n") },
	{ "8.1: a character left open, closed by an empty fragment", { F(0x01, "a\xe2"), F(0x80, "") }, SAYS("error 1007\n") },
	{ "8.1: overlong over two fragments", { F(0x01, "\xe0"), F(0x00, "\x80") }, SAYS("error 1007\n") },
	{ "8.1: a surrogate over two fragments", { F(0x01, "\xed"), F(0x00, "\xa0") }, SAYS("error 1007\n") },
	{ "8.1: a wrong first fragment is not waited with", { F(0x01, "a\xff") }, SAYS("error 1007\n") },
	{ "8.1: binary fragments are not text", { F(0x02, "\xe2"), F(0x80, "\xff"), F(0x81, "ok") }, SAYS("binary:\xe2\xff\ntext:ok\n") },
};
/* clang-format on */

/* clang-format off */
/* Raw bytes that client_frame would never write. */
static const struct raw_row {
	const char *name;
	const char *bytes;
	size_t len;
	const char *expected;
	size_t expected_len;
} raw_rows[] = {
#define R(name, bytes, expected) { name, bytes, sizeof bytes - 1, SAYS(expected) }
	R("5.7: the example of a masked text", "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "text:Hello\n"),
	R("5.1: an unmasked text", "\x81\x05Hello", "error 1002\n"),
	R("5.1: an unmasked empty text", "\x81\x00", "error 1002\n"),
	R("5.1: an unmasked ping", "\x89\x00", "error 1002\n"),
	R("5.1: an unmasked close", "\x88\x02\x03\xe8", "error 1002\n"),
	R("5.1: an unmasked fragment", "\x01\x81mask\x0c\x00\x01x", "error 1002\n"),
	R("5.2: 16 bits for 125", "\x82\xfe\x00\x7d", "error 1002\n"),
	R("5.2: 16 bits for 0", "\x82\xfe\x00\x00", "error 1002\n"),
	R("5.2: 64 bits for 125", "\x82\xff\0\0\0\0\0\0\0\x7d", "error 1002\n"),
	R("5.2: 64 bits for 126", "\x82\xff\0\0\0\0\0\0\0\x7e", "error 1002\n"),
	R("5.2: 64 bits for 65535", "\x82\xff\0\0\0\0\0\0\xff\xff", "error 1002\n"),
	R("5.2: the highest bit of the length", "\x82\xff\x80\0\0\0\0\0\0\0", "error 1002\n"),
	R("5.2: all bits of the length", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", "error 1002\n"),
	R("10.4: 2^63 - 1 bytes announced", "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", "error 1009\n"),
	R("10.4: 1 GiB announced", "\x82\xff\0\0\0\0\x40\0\0\0", "error 1009\n"),
	R("10.4: 65536 bytes announced", "\x81\xff\0\0\0\0\0\1\0\0", "error 1009\n"),
	R("10.4: one byte over the limit", "\x81\xfe\x03\xe9", "error 1009\n"),
	R("10.4: the limit, and the payload to come", "\x81\xfe\x03\xe8", ""),
	R("10.4: a fragment after which the message is too large", "\x02\x84\0\0\0\0abcd\x00\xfe\x03\xe5", "error 1009\n"),
	R("10.4: a continuation of all that numbers can hold", "\x02\x81\0\0\0\0a\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff", "error 1009\n"),
	R("5.5: a ping of 126 bytes", "\x89\xfe\x00\x7e", "error 1002\n"),
	R("5.5: a close of 126 bytes", "\x88\xfe\x00\x7e", "error 1002\n"),
	R("5.5: a ping of 65536 bytes", "\x89\xff\0\0\0\0\0\1\0\0", "error 1002\n"),
	R("a wrong first byte is not waited with", "\x83", "error 1002\n"),
	R("a wrong second byte is not waited with", "\x81\x05", "error 1002\n"),
	R("nothing", "", ""),
	R("half a header", "\x81", ""),
	R("half a mask", "\x81\x81\x01\x02", ""),
	R("half a payload", "\x81\x82\0\0\0\0a", ""),
	R("one and a half", "\x89\x80\0\0\0\0\x81\x82\0\0\0\0a", "ping:\n"),
#undef R
};
/* clang-format on */

static void
test_row(void **state)
{
	const struct row *row = *state;
	uint8_t bytes[STREAM_BYTES];
	size_t n = 0;

	for (const struct piece *p = row->pieces; p < row->pieces + PIECES && p->payload; p++)
		n += client_frame(bytes + n, p->first, p->payload, p->len, (uint32_t)chance(&seed));
	expect_transcript(bytes, n, LIMIT, row->expected, row->expected_len);
}

static void
test_raw_row(void **state)
{
	const struct raw_row *row = *state;

	expect_transcript((const uint8_t *)row->bytes, row->len, LIMIT, row->expected, row->expected_len);
}

/* Checks payloads of every small length at any alignment, with every byte of the mask. */
static void
test_unmasking(void **state)
{
	uint8_t bytes[160], payload[100];

	(void)state;
	for (size_t n = 0; n <= sizeof payload; n++)
		for (size_t shift = 0; shift < 16; shift++) {
			struct frame_input input = { 0 };
			struct frame frame;
			size_t consumed, len;

			for (size_t i = 0; i < n; i++)
				payload[i] = (uint8_t)chance(&seed);
			memset(bytes, 0xee, sizeof bytes);
			len = client_frame(bytes + shift, 0x82, payload, n, (uint32_t)chance(&seed));
			assert_int_equal(frame_read(&input, bytes + shift, len, LIMIT, &frame, &consumed), FRAME_MESSAGE);
			assert_int_equal(consumed, len);
			assert_int_equal(frame.len, n);
			assert_memory_equal(frame.payload, payload, n);
			assert_int_equal(bytes[shift + len], 0xee);
		}
}

/*
 * Checks lengths around every border of the header, whole and in fragments, up to the limit and one
 * above it.
 */
static void
test_lengths(void **state)
{
	static const size_t lengths[] = { 0, 1, 124, 125, 126, 127, 128, 65534, 65535, 65536, 65537, 131072 };
	uint8_t *payload = malloc(200000), *bytes = malloc(200000);

	(void)state;
	for (size_t i = 0; i < 200000; i++)
		payload[i] = (uint8_t)('a' + i % 26);
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
		for (size_t cut = 0; cut < 3; cut++) {
			size_t n = lengths[i], first = cut * n / 2, text_len, len = 0;

			if (cut)
				len = client_frame(bytes, 0x01, payload, first, (uint32_t)chance(&seed));
			len += client_frame(bytes + len, cut ? 0x80 : 0x81, payload + first, n - first, (uint32_t)chance(&seed));
			for (size_t largest = 0; largest <= 70000; largest += 7000) {
				char *text = transcript_of(bytes, len, n, largest, &seed, &text_len);
				assert_int_equal(text_len, n + 6);
				assert_memory_equal(text, "text:", 5);
				assert_memory_equal(text + 5, payload, n);
				free(text);
				if (n == 0)
					continue;
				text = transcript_of(bytes, len, n - 1, largest, &seed, &text_len);
				assert_string_equal(text, "error 1009\n");
				free(text);
			}
		}
	free(payload);
	free(bytes);
}

/*
 * Checks that a ping of 125 bytes passes with any limit, and in the middle of a message that
 * reaches it.
 */
static void
test_control_frames_are_not_counted(void **state)
{
	uint8_t bytes[512];
	char ping[126] = { 0 }, expected[512];
	size_t n = 0;

	(void)state;
	memset(ping, 'p', 125);
	n += client_frame(bytes + n, 0x01, "0123456", 7, (uint32_t)chance(&seed));
	n += client_frame(bytes + n, 0x89, ping, 125, (uint32_t)chance(&seed));
	n += client_frame(bytes + n, 0x80, "789", 3, (uint32_t)chance(&seed));
	snprintf(expected, sizeof expected, "ping:%s\ntext:0123456789\n", ping);
	expect_transcript(bytes, n, 10, expected, strlen(expected));
	snprintf(expected, sizeof expected, "ping:%s\nerror 1009\n", ping);
	expect_transcript(bytes, n, 9, expected, strlen(expected));
}

/* Checks that many small fragments make one message, with at most twice the memory. */
static void
test_many_fragments(void **state)
{
	enum { COUNT = 5000 };
	uint8_t *bytes = malloc(COUNT * 8), *again, byte = 'x';
	struct frame_input input = { 0 };
	size_t n = 0, text_len, consumed;
	struct frame frame;

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		n += client_frame(bytes + n, (uint8_t)((i ? 0 : 1) | (i == COUNT - 1 ? 0x80 : 0)), &byte, 1, (uint32_t)chance(&seed));
	char *text = transcript_of(bytes, n, COUNT, 0, &seed, &text_len);
	assert_int_equal(text_len, COUNT + 6);
	free(text);
	again = memcpy(malloc(n), bytes, n);
	assert_int_equal(frame_read(&input, again, 7 * 3 + 5, COUNT, &frame, &consumed), FRAME_MORE);
	assert_int_equal(frame.used, 3);
	assert_int_equal(frame_read(&input, again + 7 * 3, n - 7 * 3, COUNT, &frame, &consumed), FRAME_MESSAGE);
	assert_int_equal(frame.used, COUNT - 3);
	frame_input_free(&input);
	free(again);
	text = transcript_of(bytes, n, COUNT - 1, 100, &seed, &text_len);
	assert_string_equal(text, "error 1009\n");
	free(text);
	free(bytes);
}

/*
 * Checks that nothing is held between messages. The next call frees the joined fragments, even
 * without input.
 */
static void
test_nothing_is_held_while_idle(void **state)
{
	struct frame_input input = { 0 };
	struct frame frame;
	uint8_t bytes[64];
	size_t n = client_frame(bytes, 0x01, "ab", 2, 7), consumed;

	(void)state;
	assert_int_equal(sizeof input, 16);
	assert_int_equal(frame_read(&input, NULL, 0, LIMIT, &frame, &consumed), FRAME_MORE);
	assert_int_equal(consumed, 0);
	assert_int_equal(frame_read(&input, bytes, n, LIMIT, &frame, &consumed), FRAME_MORE);
	assert_int_equal(consumed, n);
	assert_non_null(input.fragments);
	n = client_frame(bytes, 0x80, "cd", 2, 7);
	assert_int_equal(frame_read(&input, bytes, n, LIMIT, &frame, &consumed), FRAME_MESSAGE);
	assert_int_equal(frame.len, 4);
	assert_memory_equal(frame.payload, "abcd", 4);
	assert_int_equal(frame_read(&input, bytes, 0, LIMIT, &frame, &consumed), FRAME_MORE);
	assert_int_equal(consumed, 0);
	assert_null(input.fragments);

	n = client_frame(bytes, 0x01, "ab", 2, 7);
	assert_int_equal(frame_read(&input, bytes, n, LIMIT, &frame, &consumed), FRAME_MORE);
	frame_input_free(&input);
	assert_null(input.fragments);
	assert_int_equal(input.fragments_opcode, 0);
	frame_input_free(&input);
}

/* Checks the close codes that a peer may send (7.4.2). */
static void
test_close_codes(void **state)
{
	(void)state;
	for (unsigned code = 0; code < 70000; code++) {
		bool assigned = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
		bool valid = assigned || (code >= 3000 && code < 5000);
		uint8_t said[] = { (uint8_t)(code >> 8), (uint8_t)code }, bytes[16];
		size_t n = client_frame(bytes, 0x88, said, 2, (uint32_t)chance(&seed)), consumed;
		struct frame_input input = { 0 };
		struct frame frame;

		assert_int_equal(!!frame_close_code_is_valid(code), valid);
		if (code > UINT16_MAX)
			continue;
		assert_int_equal(frame_read(&input, bytes, n, LIMIT, &frame, &consumed), valid ? FRAME_MESSAGE : FRAME_ERROR);
		assert_int_equal(frame.close_code, valid ? code : 1002);
	}
}

static void
test_header_written(void **state)
{
	/* clang-format off */
	static const struct {
		uint64_t len;
		const char *bytes;
		size_t n;
	} headers[] = {
		{ 0, "\x81\x00", 2 }, { 1, "\x81\x01", 2 }, { 125, "\x81\x7d", 2 },
		{ 126, "\x81\x7e\x00\x7e", 4 }, { 256, "\x81\x7e\x01\x00", 4 }, { 65535, "\x81\x7e\xff\xff", 4 },
		{ 65536, "\x81\x7f\0\0\0\0\0\1\0\0", 10 }, { UINT64_C(0x0102030405060708), "\x81\x7f\1\2\3\4\5\6\7\x8", 10 },
	};
	/* clang-format on */
	uint8_t out[FRAME_HEADER_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		assert_int_equal(frame_header(FRAME_TEXT, headers[i].len, out), headers[i].n);
		assert_memory_equal(out, headers[i].bytes, headers[i].n);
	}
	assert_int_equal(frame_header(FRAME_CLOSE, 2, out), 2);
	assert_memory_equal(out, "\x88\x02", 2);
}

/* Checks that the answer to a close frame has the peer's code, or none without one (5.5.1). */
static void
test_close_payload(void **state)
{
	uint8_t payload[2];

	(void)state;
	assert_int_equal(frame_close_payload(4123, payload), 2);
	assert_int_equal(payload[0] << 8 | payload[1], 4123);
	assert_int_equal(frame_close_payload(FRAME_CLOSE_SAYS_NOTHING, payload), 0);
}

enum { ROWS = sizeof rows / sizeof rows[0], RAW_ROWS = sizeof raw_rows / sizeof raw_rows[0] };

int
main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_unmasking),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_control_frames_are_not_counted),
		cmocka_unit_test(test_many_fragments),
		cmocka_unit_test(test_nothing_is_held_while_idle),
		cmocka_unit_test(test_close_codes),
		cmocka_unit_test(test_header_written),
		cmocka_unit_test(test_close_payload),
	};
	enum { OTHERS = sizeof others / sizeof others[0] };
	struct CMUnitTest tests[ROWS + RAW_ROWS + OTHERS];
	int n = 0;

	seed = chance_seed();
	for (int i = 0; i < ROWS; i++)
		tests[n++] = (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[i] };
	for (int i = 0; i < RAW_ROWS; i++)
		tests[n++] = (struct CMUnitTest){ raw_rows[i].name, test_raw_row, NULL, NULL, (void *)(uintptr_t)&raw_rows[i] };
	memcpy(tests + n, others, sizeof others);
	return _cmocka_run_group_tests("frame", tests, (size_t)n + OTHERS, NULL, NULL);
}
