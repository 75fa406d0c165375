/* SPDX-License-Identifier: MIT */
/*
 * Noise as a request head: the same answer however it is cut, slices inside the head, and what was
 * taken can be taken apart.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "push/wire/http.h"

static void
expect(bool right)
{
	if (!right)
		abort();
}

/*
 * Parses a copy of exactly n bytes; head may be NULL, or points into *copy, which is the caller's.
 */
static int
parse(const char *bytes, size_t n, struct http_head *head, char **copy)
{
	*copy = malloc(n ? n : 1);
	memcpy(*copy, bytes, n);
	return http_head_parse(*copy, n, head);
}

static void
expect_inside(struct http_slice s, const char *from, int n)
{
	expect(!s.at || (s.at >= from && s.at + s.len <= from + n));
	for (size_t i = 0; i < s.len; i++)
		expect(s.at[i] != '\r' && s.at[i] != '\n' && s.at[i] != '\0');
}

static void
take_apart(const struct http_head *head, const char *from, int n)
{
	static const char *const names[] = { "since", "a", "", "wait" };
	char out[32];

	expect_inside(head->method, from, n);
	expect_inside(head->path, from, n);
	expect_inside(head->query, from, n);
	expect(head->path.len > 0 && head->path.at[0] == '/' && !memchr(head->path.at, '?', head->path.len));
	expect(head->minor >= 0 && head->minor <= 9 && head->headers_count <= HTTP_HEADERS);
	for (int i = 0; i < head->headers_count; i++) {
		struct http_slice value = head->headers[i].value;

		expect_inside(head->headers[i].name, from, n);
		expect_inside(value, from, n);
		expect(head->headers[i].name.len > 0);
		expect(value.len == 0 || (value.at[0] != ' ' && value.at[value.len - 1] != '\t'));
	}
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		for (size_t room = 0; room <= sizeof out; room += 8)
			if (http_parameter(head, names[i], out, room))
				expect(strlen(out) < room);
		expect_inside(http_cookie(head, names[i]), from, n);
	}
	http_header_has(head, "connection", "upgrade");
	expect(!http_header(head, "transfer-encoding").at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *bytes = (const char *)data;
	struct http_head head;
	char *whole, *part;
	int answer = parse(bytes, n, &head, &whole), first = 0;

	expect(answer <= (int)n && (answer >= 0 || answer == -400 || answer == -413 || answer == -431 || answer == -505));
	if (answer > 0)
		take_apart(&head, whole, answer);
	free(whole);

	for (size_t cut = 0; cut < n && first == 0; cut += n < 600 ? 1 : 1 + n / 300) {
		first = parse(bytes, cut, &head, &part);
		free(part);
	}
	expect(first == 0 || first == answer);
	return 0;
}
