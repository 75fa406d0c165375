/* SPDX-License-Identifier: MIT */
/*
 * Noise as a cursor's text: what is taken is in order and written again the same way. Noise as a
 * life of one: it covers what it was advanced by, forgets only when it is full, and its text says
 * all of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/chat/cursor.h"

static void
expect(bool right)
{
	if (!right)
		abort();
}

static void
expect_canonical(const struct cursor *c, const char *text, size_t n)
{
	char again[LIMIT_CURSOR_BYTES + 1];

	expect(c->base >= 0 && c->count >= 0 && c->count <= CURSOR_EXCEPTIONS);
	for (int i = 0; i < c->count; i++) {
		expect(c->exceptions[i].conversation > (i ? c->exceptions[i - 1].conversation : 0));
		expect(c->exceptions[i].id >= c->base);
	}
	if (n > 1 && text[1] < 'g') /* version 1, which is not written any more */
		return;
	expect(cursor_text(c, again) == n && memcmp(again, text, n) == 0);
}

static void
expect_round_trip(const struct cursor *c)
{
	char text[LIMIT_CURSOR_BYTES + 1];
	size_t n = cursor_text(c, text);
	struct cursor again;

	expect(n <= LIMIT_CURSOR_BYTES && cursor_parse(text, n, &again));
	expect(again.base == c->base && again.count == c->count);
	expect(memcmp(again.exceptions, c->exceptions, (size_t)c->count * sizeof c->exceptions[0]) == 0);
	expect_canonical(&again, text, n);
}

/* Steps of nine bytes: what to do, and a number for it. */
static void
live(const uint8_t *data, size_t n)
{
	struct cursor c = { .base = 1000 };

	for (; n >= 9; data += 9, n -= 9) {
		int64_t number, before = c.base;

		memcpy(&number, data + 1, sizeof number);
		number &= data[0] & 1 ? 0xffff : INT64_MAX;
		if (number == INT64_MAX) /* no event has this id */
			number--;
		int64_t conversation = 1 + (data[0] >> 1);
		if (data[0] == 0xff) {
			cursor_rebase(&c, number);
			expect(c.base == (number > before ? number : before));
		} else {
			bool covered = cursor_covers(&c, conversation, number);
			int count = c.count;

			cursor_advance(&c, conversation, number);
			expect(cursor_covers(&c, conversation, number));
			expect(!cursor_covers(&c, INT64_MAX, cursor_reach(&c)));
			expect(!covered || c.count == count);
			expect(c.base == before);
		}
	}
	expect_round_trip(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = malloc(n ? n : 1);
	struct cursor c;

	memset(&c, 0xa5, sizeof c);
	memcpy(text, data, n);
	if (cursor_parse(text, n, &c))
		expect_canonical(&c, text, n);
	else
		live(data, n < 900 ? n : 900);
	free(text);
	return 0;
}
