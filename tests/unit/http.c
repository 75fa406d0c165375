/* SPDX-License-Identifier: MIT */
/*
 * Request heads: those that are accepted, and those that are refused because two readers could
 * differ.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "push/wire/http.h"

#include "chance.h"

/* expected: a complete head, or more is needed; otherwise minus a status */
enum { WHOLE = 1, MORE = 0 };

#define GET "GET /v1/ws HTTP/1.1\r\n"
#define HOST "Host: a.example\r\n"

static uint64_t seed;

/* clang-format off */
static const struct row {
	const char *name;
	const char *bytes;
	size_t len;
	int expected;
} rows[] = {
#define R(name, bytes, expected) { name, bytes, sizeof bytes - 1, expected }
	R("a request", GET HOST "\r\n", WHOLE),
	R("HTTP/1.0 without a host", "GET / HTTP/1.0\r\n\r\n", WHOLE),
	R("HTTP/1.2 is read as 1.1 (RFC 9110, 2.5)", "GET / HTTP/1.2\r\n" HOST "\r\n", WHOLE),
	R("any method", "PROPFIND / HTTP/1.1\r\n" HOST "\r\n", WHOLE),
	R("an empty value", GET HOST "X:\r\n\r\n", WHOLE),
	R("bytes above ASCII in a value", GET HOST "X: caf\xc3\xa9\r\n\r\n", WHOLE),
	R("a tab in a value", GET HOST "X: a\tb\r\n\r\n", WHOLE),
	R("a host with a port", GET "Host: a.example:8080\r\n\r\n", WHOLE),
	R("a host that is an address", GET "Host: [::1]:8080\r\n\r\n", WHOLE),
	R("an empty host (RFC 9112, 3.2)", GET "Host:\r\n\r\n", WHOLE),
	R("a body of no bytes", GET HOST "Content-Length: 0\r\n\r\n", WHOLE),
	R("a body of no bytes, in more digits", GET HOST "Content-Length: 000\r\n\r\n", WHOLE),

	R("nothing", "", MORE),
	R("half a request line", "GET /v1", MORE),
	R("no end of headers", GET HOST, MORE),
	R("half an end", GET HOST "\r", MORE),

	R("request line: nothing before it", "\r\n" GET HOST "\r\n", -400),
	R("request line: no target", "GET HTTP/1.1\r\n" HOST "\r\n", -400),
	R("request line: no version (HTTP/0.9)", "GET /\r\n\r\n", -400),
	R("request line: two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n", -400),
	R("request line: a tab", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", -400),
	R("request line: a blank first", " GET / HTTP/1.1\r\n" HOST "\r\n", -400),
	R("request line: a blank last", "GET / HTTP/1.1 \r\n" HOST "\r\n", -400),
	R("request line: a blank in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", -400),
	R("request line: a method that is no token", "G:T / HTTP/1.1\r\n" HOST "\r\n", -400),
	R("request line: no method", " / HTTP/1.1\r\n" HOST "\r\n", -400),
	R("target: of a proxy", "GET http://a.example/ HTTP/1.1\r\n" HOST "\r\n", -400),
	R("target: of CONNECT", "CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n", -400),
	R("target: the server itself", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", -400),
	R("target: a fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", -400),
	R("target: a NUL", "GET /a\0b HTTP/1.1\r\n" HOST "\r\n", -400),
	R("target: bytes above ASCII", "GET /caf\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", -400),
	R("target: DEL", "GET /\x7f HTTP/1.1\r\n" HOST "\r\n", -400),
	R("version: 2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", -505),
	R("version: 0.9", "GET / HTTP/0.9\r\n" HOST "\r\n", -505),
	R("version: the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", -400),
	R("version: lower case", "GET / http/1.1\r\n" HOST "\r\n", -400),
	R("version: more digits", "GET / HTTP/1.10\r\n" HOST "\r\n", -400),
	R("version: fewer", "GET / HTTP/1.\r\n" HOST "\r\n", -400),
	R("version: no digit", "GET / HTTP/1.x\r\n" HOST "\r\n", -400),
	R("version: another protocol", "GET / ICAP/1.1\r\n" HOST "\r\n", -400),
	R("TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n", -400),

	R("lines: bare LF after the request line", "GET / HTTP/1.1\n" HOST "\r\n", -400),
	R("lines: bare LF after a header", GET "Host: a\n\r\n", -400),
	R("lines: bare LF at the end", GET HOST "\n", -400),
	R("lines: a bare CR in a value", GET HOST "X: a\rb\r\n\r\n", -400),
	R("lines: two CR", GET HOST "X: a\r\r\n\r\n", -400),
	R("lines: a CR and a header behind it", GET HOST "X: a\rContent-Length: 5\r\n\r\n", -400),
	R("lines: folding by a blank", GET HOST "X: a\r\n b\r\n\r\n", -400),
	R("lines: folding by a tab", GET HOST "X: a\r\n\tb\r\n\r\n", -400),
	R("lines: a blank before the first header", GET " X: a\r\n" HOST "\r\n", -400),
	R("lines: a line of blanks", GET HOST "  \r\n\r\n", -400),

	R("headers: a blank before the colon", GET HOST "X : a\r\n\r\n", -400),
	R("headers: a tab before the colon", GET HOST "X\t: a\r\n\r\n", -400),
	R("headers: a blank in the name", GET HOST "X Y: a\r\n\r\n", -400),
	R("headers: no name", GET HOST ": a\r\n\r\n", -400),
	R("headers: no colon", GET HOST "X\r\n\r\n", -400),
	R("headers: a NUL in the name", GET HOST "X\0Y: a\r\n\r\n", -400),
	R("headers: a NUL in the value", GET HOST "X: a\0b\r\n\r\n", -400),
	R("headers: a control character in the value", GET HOST "X: a\x01\r\n\r\n", -400),
	R("headers: DEL in the value", GET HOST "X: a\x7f\r\n\r\n", -400),
	R("headers: bytes above ASCII in the name", GET HOST "X\xc3\xa9: a\r\n\r\n", -400),

	R("host: none", GET "X: a\r\n\r\n", -400),
	R("host: two", GET HOST "hOST: b.example\r\n\r\n", -400),
	R("host: the same twice", GET HOST HOST "\r\n", -400),
	R("host: two on HTTP/1.0", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", -400),
	R("host: a list", GET "Host: a.example, b.example\r\n\r\n", -400),
	R("host: a user", GET "Host: me@a.example\r\n\r\n", -400),
	R("host: a path", GET "Host: a.example/b\r\n\r\n", -400),
	R("host: a blank", GET "Host: a b\r\n\r\n", -400),
	R("host: bytes above ASCII", GET "Host: caf\xc3\xa9\r\n\r\n", -400),

	R("body: announced", GET HOST "Content-Length: 5\r\n\r\nhello", -413),
	R("body: announced in other letters", GET HOST "CONTENT-length: 5\r\n\r\nhello", -413),
	R("body: more than numbers can hold", GET HOST "Content-Length: 99999999999999999999999999\r\n\r\n", -413),
	R("body: a sign", GET HOST "Content-Length: +0\r\n\r\n", -400),
	R("body: minus", GET HOST "Content-Length: -1\r\n\r\n", -400),
	R("body: hexadecimal", GET HOST "Content-Length: 0x0\r\n\r\n", -400),
	R("body: a list", GET HOST "Content-Length: 0, 0\r\n\r\n", -400),
	R("body: no number", GET HOST "Content-Length:\r\n\r\n", -400),
	R("body: announced twice", GET HOST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", -400),
	R("body: announced differently", GET HOST "Content-Length: 0\r\nContent-Length: 5\r\n\r\n", -400),
	R("body: chunked", GET HOST "Transfer-Encoding: chunked\r\n\r\n", -413),
	R("body: chunked and a length", GET HOST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", -413),
	R("body: an encoding nobody knows", GET HOST "Transfer-Encoding: xchunked\r\n\r\n", -413),
	R("body: identity", GET HOST "transfer-encoding: identity\r\n\r\n", -413),
	R("body: chunked on HTTP/1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", -413),
	R("body: chunked behind a vertical tab", GET HOST "Transfer-Encoding:\x0b" "chunked\r\n\r\n", -400),
	R("body: a name that other readers trim", GET HOST "Transfer-Encoding : chunked\r\n\r\n", -400),
#undef R
};
/* clang-format on */

/* Parses a copy of exactly n bytes, so that ASan finds a read beyond it. */
static int
parse(const char *bytes, size_t n)
{
	static struct http_head head;
	char *copy = malloc(n);
	int result;

	memset(&head, 0xa5, sizeof head);
	if (n)
		memcpy(copy, bytes, n);
	result = http_head_parse(copy, n, &head);
	free(copy);
	return result;
}

/*
 * Checks the result of the first prefix that has one: the answer to bytes that arrive one by one.
 */
static void
expect_answer(const char *bytes, size_t n, int expected)
{
	int result = 0;

	for (size_t i = 0; i < n && result == 0; i++)
		result = parse(bytes, i);
	assert_int_equal(result ? result : parse(bytes, n), expected);
	assert_int_equal(parse(bytes, n), expected);
	for (int i = 0; i < 20 && n; i++) {
		size_t cut = chance_below(&seed, n);
		result = parse(bytes, cut);
		assert_true(result == 0 || result == expected);
	}
}

static void
test_row(void **state)
{
	const struct row *row = *state;
	char behind[1024];

	expect_answer(row->bytes, row->len, row->expected == WHOLE ? (int)row->len : row->expected);
	if (row->expected != WHOLE)
		return;
	/* Checks that bytes after a head are not read. */
	memcpy(behind, row->bytes, row->len);
	memcpy(behind + row->len, "\x81\x85\0\n\r\n\r\n", 8);
	assert_int_equal(parse(behind, row->len + 8), row->len);
}

static void
assert_slice(struct http_slice s, const char *text)
{
	assert_non_null(s.at);
	assert_int_equal(s.len, strlen(text));
	assert_memory_equal(s.at, text, s.len);
	assert_true(http_slice_is(s, text));
}

static void
test_parts(void **state)
{
	static const char text[] = "GET /v1/ws?since=a&x=? HTTP/1.1\r\nhost: A.example\r\nX-One: \t 1 \t\r\nx-one: 2\r\nX-Empty: \t \r\n\r\n";
	struct http_head head;

	(void)state;
	assert_int_equal(http_head_parse(text, sizeof text - 1, &head), sizeof text - 1);
	assert_slice(head.method, "GET");
	assert_slice(head.path, "/v1/ws");
	assert_slice(head.query, "since=a&x=?");
	assert_int_equal(head.minor, 1);
	assert_int_equal(head.headers_count, 4);
	assert_slice(http_header(&head, "host"), "A.example");
	assert_slice(http_header(&head, "x-one"), "1");
	assert_slice(http_header(&head, "x-empty"), "");
	assert_null(http_header(&head, "x-on").at);
	assert_null(http_header(&head, "x-one:").at);
	assert_false(http_slice_is(http_header(&head, "x-none"), ""));
	assert_true(http_slice_is(http_header(&head, "x-empty"), ""));
	assert_false(http_slice_is(head.method, "get"));
	assert_false(http_slice_is(head.method, "GE"));

	assert_true(http_head_parse("GET /? HTTP/1.0\r\n\r\n", 19, &head) > 0);
	assert_slice(head.path, "/");
	assert_slice(head.query, "");
	assert_int_equal(head.minor, 0);
	assert_true(http_head_parse("GET /a HTTP/1.0\r\n\r\n", 19, &head) > 0);
	assert_null(head.query.at);
}

/* Returns a head of this many bytes, by the length of one header. */
static char *
head_of(size_t bytes)
{
	char *text = malloc(bytes + 1);
	size_t n = (size_t)sprintf(text, GET HOST "X: ");

	memset(text + n, 'x', bytes - n - 4);
	memcpy(text + bytes - 4, "\r\n\r\n", 5);
	return text;
}

static void
test_sizes(void **state)
{
	char *text = head_of(HTTP_HEAD_BYTES);
	static struct http_head head;

	(void)state;
	assert_int_equal(http_head_parse(NULL, 0, &head), MORE);
	expect_answer(text, HTTP_HEAD_BYTES, HTTP_HEAD_BYTES);
	free(text);
	text = head_of(HTTP_HEAD_BYTES + 1);
	expect_answer(text, HTTP_HEAD_BYTES + 1, -431);
	assert_int_equal(parse(text, HTTP_HEAD_BYTES - 1), MORE);
	assert_int_equal(parse(text, HTTP_HEAD_BYTES), -431);
	free(text);

	/* one line without an end, many lines, many megabytes at once */
	text = malloc(1 << 20);
	memset(text, 'a', 1 << 20);
	assert_int_equal(parse(text, HTTP_HEAD_BYTES - 1), MORE);
	assert_int_equal(parse(text, HTTP_HEAD_BYTES), -431);
	assert_int_equal(parse(text, 1 << 20), -431);
	free(text);
}

static void
test_header_count(void **state)
{
	char text[4096];

	(void)state;
	for (int count = HTTP_HEADERS - 2; count <= HTTP_HEADERS + 2; count++) {
		int n = sprintf(text, GET HOST);
		for (int i = 1; i < count; i++)
			n += sprintf(text + n, "X-%d: %d\r\n", i, i);
		n += sprintf(text + n, "\r\n");
		expect_answer(text, (size_t)n, count <= HTTP_HEADERS ? n : -431);
	}
}

static void
test_tokens(void **state)
{
	static const char text[] = GET HOST "Connection: keep-alive,\tUPGRADE ,,x\r\nCONNECTION: last\r\nUpgrade: websocket2, h2c\r\nEmpty:\r\n\r\n";
	struct http_head head;

	(void)state;
	assert_true(http_head_parse(text, sizeof text - 1, &head) > 0);
	assert_true(http_header_has(&head, "connection", "upgrade"));
	assert_true(http_header_has(&head, "connection", "keep-alive"));
	assert_true(http_header_has(&head, "connection", "x"));
	assert_true(http_header_has(&head, "connection", "last"));
	assert_false(http_header_has(&head, "connection", "keep"));
	assert_false(http_header_has(&head, "connection", "alive"));
	assert_false(http_header_has(&head, "upgrade", "websocket"));
	assert_false(http_header_has(&head, "upgrade", "last"));
	assert_false(http_header_has(&head, "empty", "x"));
	assert_false(http_header_has(&head, "none", "x"));
}

/* Checks queries and their decoded parameter `a`. NULL: refused, or absent. */
static void
test_parameters(void **state)
{
	/* clang-format off */
	static const struct {
		const char *query, *expected;
	} parameters[] = {
		{ "a=1", "1" }, { "b=2&a=1", "1" }, { "a=1&a=2", "1" }, { "a=", "" }, { "a", "" }, { "a&b", "" }, { "&&a=1", "1" },
		{ "a=x=y", "x=y" }, { "a=%41%7a%7A", "Azz" }, { "a=a+b", "a b" }, { "a=%2B", "+" }, { "a=%C3%A9", "\xc3\xa9" }, { "a=%26b=1", "&b=1" },
		{ "a=1234567", "1234567" }, { "a=%31234567", "1234567" },
		{ "", NULL }, { "b=a", NULL }, { "A=1", NULL }, { "aa=1", NULL }, { "b&=a", NULL }, { "%61=1", NULL },
		{ "a=%", NULL }, { "a=%4", NULL }, { "a=%4&b=1", NULL }, { "a=%4g", NULL }, { "a=%g4", NULL }, { "a=%%41", NULL }, { "a=%-1", NULL },
		{ "a=%00", NULL }, { "a=1%00", NULL }, { "a=12345678", NULL }, { "a=%312345678", NULL },
	};
	/* clang-format on */
	struct http_head head;
	char text[256], out[8];

	(void)state;
	for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
		int n = snprintf(text, sizeof text, "GET /?%s HTTP/1.0\r\n\r\n", parameters[i].query);
		assert_int_equal(http_head_parse(text, (size_t)n, &head), n);
		bool found = http_parameter(&head, "a", out, sizeof out);
		if (found != !!parameters[i].expected || (found && strcmp(out, parameters[i].expected) != 0))
			fail_msg("?%s gives %s", parameters[i].query, found ? out : "nothing");
	}
	assert_int_equal(http_head_parse("GET / HTTP/1.0\r\n\r\n", 18, &head), 18);
	assert_false(http_parameter(&head, "a", out, sizeof out));
	assert_int_equal(http_head_parse("GET /?a HTTP/1.0\r\n\r\n", 20, &head), 20);
	assert_true(http_parameter(&head, "a", out, 1));
	assert_false(http_parameter(&head, "a", out, 0));
}

static void
test_cookies(void **state)
{
	/* clang-format off */
	static const struct {
		const char *headers, *expected;
	} cookies[] = {
		{ "Cookie: a=1\r\n", "1" }, { "cookie: b=2; a=1\r\n", "1" }, { "Cookie: a=1; a=2\r\n", "1" }, { "Cookie: a=\r\n", "" },
		{ "Cookie: a=x=y\r\n", "x=y" }, { "Cookie: b=2;a=1;c=3\r\n", "1" }, { "Cookie: b=2;  a=1  ; c=3\r\n", "1" },
		{ "Cookie: b=2\r\nCookie: a=1\r\n", "1" }, { "Cookie: a=%41\r\n", "%41" }, { "Cookie: ;;a=1\r\n", "1" },
		{ "Cookie: b=a=1\r\n", NULL }, { "Cookie: aa=1\r\n", NULL }, { "Cookie: A=1\r\n", NULL }, { "Cookie: a\r\n", NULL },
		{ "Cookie:\r\n", NULL }, { "", NULL }, { "X-Cookie: a=1\r\n", NULL }, { "Cookie: \"a=1\r\n", NULL },
	};
	/* clang-format on */
	struct http_head head;
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof cookies / sizeof cookies[0]; i++) {
		int n = snprintf(text, sizeof text, GET HOST "%s\r\n", cookies[i].headers);
		assert_int_equal(http_head_parse(text, (size_t)n, &head), n);
		struct http_slice value = http_cookie(&head, "a");
		if (!!value.at != !!cookies[i].expected || (value.at && !http_slice_is(value, cookies[i].expected)))
			fail_msg("%s gives %.*s", cookies[i].headers, (int)value.len, value.at);
	}
}

/* Checks that noise in a good head has the same result however it is cut. */
static void
test_noise(void **state)
{
	static const char good[] =
		"GET /v1/events?since=abc&wait=25 HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive, Upgrade\r\nCookie: banter_access=x; b=c\r\nContent-Length: 0\r\n\r\n";
	static const char likely[] = "\r\n\r\n :\t,;=%+&?#/0159aH\x7f\x80";
	char text[sizeof good + 8];

	(void)state;
	for (int i = 0; i < 4000; i++) {
		size_t n = sizeof good - 1;

		memcpy(text, good, n);
		for (size_t changes = 1 + chance_below(&seed, 3); changes > 0; changes--) {
			size_t at = chance_below(&seed, n);
			char byte = likely[chance_below(&seed, sizeof likely)];

			if (chance_below(&seed, 2))
				text[at] = byte;
			else if (n < sizeof text) {
				memmove(text + at + 1, text + at, n - at);
				text[at] = byte;
				n++;
			}
		}
		expect_answer(text, n, parse(text, n));
	}
}

enum { ROWS = sizeof rows / sizeof rows[0] };

int
main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_parts),	   cmocka_unit_test(test_sizes),   cmocka_unit_test(test_header_count), cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_parameters), cmocka_unit_test(test_cookies), cmocka_unit_test(test_noise),
	};
	enum { OTHERS = sizeof others / sizeof others[0] };
	struct CMUnitTest tests[ROWS + OTHERS];

	seed = chance_seed();
	for (int i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[i] };
	memcpy(tests + ROWS, others, sizeof others);
	return _cmocka_run_group_tests("http", tests, ROWS + OTHERS, NULL, NULL);
}
