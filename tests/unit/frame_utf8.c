/* SPDX-License-Identifier: MIT */
/* Text frames have to be UTF-8: every border of its definition, and every place in a frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frame_check.h"

/* Checks whether a text is UTF-8: in one frame, and cut into two fragments at every place. */
static void
expect_utf8(const char *text, size_t n, bool valid)
{
	char expected[256];
	uint8_t bytes[512];

	snprintf(expected, sizeof expected, valid ? "text:%.*s\n" : "error 1007\n", (int)n, text);
	expect_transcript(bytes, client_frame(bytes, 0x81, text, n, (uint32_t)chance(&seed)), LIMIT, expected, strlen(expected));
	for (size_t cut = 0; cut <= n; cut++) {
		size_t len = client_frame(bytes, 0x01, text, cut, (uint32_t)chance(&seed));
		len += client_frame(bytes + len, 0x80, text + cut, n - cut, (uint32_t)chance(&seed));
		expect_transcript(bytes, len, LIMIT, expected, strlen(expected));
	}
}

/*
 * Appends a code point by the plain algorithm, also surrogates and those above U+10FFFF. Returns
 * the number of bytes.
 */
static size_t
utf8_write(uint32_t point, int bytes, char *out)
{
	static const uint8_t heads[] = { 0, 0, 0xc0, 0xe0, 0xf0, 0xf8, 0xfc };

	if (bytes == 1) {
		out[0] = (char)point;
		return 1;
	}
	for (int i = bytes - 1; i > 0; i--, point >>= 6)
		out[i] = (char)(0x80 | (point & 0x3f));
	out[0] = (char)(heads[bytes] | point);
	return (size_t)bytes;
}

static void
test_utf8_points(void **state)
{
	/* clang-format off */
	static const struct {
		uint32_t point;
		int bytes;
		bool valid;
	} points[] = {
		{ 0x01, 1, true }, { 0x7f, 1, true },
		{ 0x00, 2, false }, { 0x2f, 2, false }, { 0x7f, 2, false }, { 0x80, 2, true }, { 0x7ff, 2, true },
		{ 0x00, 3, false }, { 0x7ff, 3, false }, { 0x800, 3, true }, { 0xfff, 3, true }, { 0x1000, 3, true }, { 0xcfff, 3, true },
		{ 0xd000, 3, true }, { 0xd7ff, 3, true }, { 0xd800, 3, false }, { 0xdbff, 3, false }, { 0xdc00, 3, false }, { 0xdfff, 3, false },
		{ 0xe000, 3, true }, { 0xfeff, 3, true }, { 0xfffe, 3, true }, { 0xffff, 3, true },
		{ 0x00, 4, false }, { 0xffff, 4, false }, { 0x10000, 4, true }, { 0x3ffff, 4, true }, { 0x40000, 4, true }, { 0xfffff, 4, true },
		{ 0x100000, 4, true }, { 0x10ffff, 4, true }, { 0x110000, 4, false }, { 0x13ffff, 4, false }, { 0x140000, 4, false }, { 0x1fffff, 4, false },
		{ 0x200000, 5, false }, { 0x3ffffff, 5, false }, { 0x4000000, 6, false }, { 0x7fffffff, 6, false },
	};
	/* clang-format on */
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
		for (size_t before = 0; before < 10; before += 3) {
			memset(text, 'x', sizeof text);
			size_t n = before + utf8_write(points[i].point, points[i].bytes, text + before);
			expect_utf8(text, n, points[i].valid);
			expect_utf8(text, n + 9, points[i].valid);
			if (points[i].bytes > 1)
				expect_utf8(text, n - 1, false);
		}
}

/*
 * Checks every two bytes, before 0, 1 and 2 trailing bytes, against the definition in another form.
 */
static void
test_utf8_pairs(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++)
		for (unsigned second = 0; second < 256; second++)
			for (unsigned tails = 0; tails < 3; tails++) {
				const uint8_t text[] = { (uint8_t)first, (uint8_t)second, 0x80, 0x80 };
				size_t n = 2 + tails, at = 0;

				while (at < n) {
					uint32_t b = text[at], length = b < 0x80 ? 1 : b >> 5 == 6 ? 2 : b >> 4 == 14 ? 3 : b >> 3 == 30 ? 4 : 0;
					uint32_t point = length == 1 ? b : b & (0x7fu >> length);
					static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

					if (length == 0 || at + length > n)
						break;
					size_t i = 1;
					for (; i < length && text[at + i] >> 6 == 2; i++)
						point = point << 6 | (text[at + i] & 0x3f);
					if (i < length || point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
						break;
					at += length;
				}
				uint8_t bytes[16];
				size_t len = client_frame(bytes, 0x81, text, n, 0), consumed;
				struct frame_input input = { 0 };
				struct frame frame;
				assert_int_equal(frame_read(&input, bytes, len, LIMIT, &frame, &consumed), at == n ? FRAME_MESSAGE : FRAME_ERROR);
			}
}

/* Checks that one wrong byte anywhere in ASCII is found, at any alignment. */
static void
test_utf8_in_ascii(void **state)
{
	uint8_t bytes[128];
	char text[48];

	(void)state;
	for (size_t n = 1; n <= 40; n++)
		for (size_t wrong = 0; wrong < n; wrong++)
			for (size_t shift = 0; shift < 8; shift++) {
				struct frame_input input = { 0 };
				struct frame frame;
				size_t consumed, len;

				memset(text, 'x', n);
				text[wrong] = (char)0xff;
				len = client_frame(bytes + shift, 0x81, text, n, (uint32_t)chance(&seed));
				assert_int_equal(frame_read(&input, bytes + shift, len, LIMIT, &frame, &consumed), FRAME_ERROR);
				assert_int_equal(frame.close_code, 1007);
			}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8_points),
		cmocka_unit_test(test_utf8_pairs),
		cmocka_unit_test(test_utf8_in_ascii),
	};

	seed = chance_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
