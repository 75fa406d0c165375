/* SPDX-License-Identifier: MIT */
/*
 * Noise as frames: cut in two anywhere, or into single bytes, it reads the same; a message is never
 * larger than the limit.
 */
#include "tests/unit/transcript.h"

enum { LIMIT = 300 };

static void
expect_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len || memcmp(a, b, a_len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The first byte says where the cut is. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct transcript t;
	size_t whole_len, bytes_len, cut;
	uint64_t unused = 0;

	if (n < 1 || n > 2000)
		return 0;
	n--;
	cut = n ? *data++ % (n + 1) : 0;

	char *whole = transcript_of(data, n, LIMIT, 0, &unused, &whole_len);
	char *bytes = transcript_of(data, n, LIMIT, 1, &unused, &bytes_len);
	expect_same(whole, whole_len, bytes, bytes_len);

	transcript_open(&t, LIMIT);
	transcript_feed(&t, data, cut);
	transcript_feed(&t, data + cut, n - cut);
	char *cut_in_two = transcript_close(&t);
	expect_same(whole, whole_len, cut_in_two, t.text_len);

	free(whole);
	free(bytes);
	free(cut_in_two);
	return 0;
}
