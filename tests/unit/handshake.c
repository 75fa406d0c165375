/* SPDX-License-Identifier: MIT */
/* Handshakes of RFC 6455, section 4.2: valid ones, and how others are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "push/wire/handshake.h"

#define GET "GET /v1/ws HTTP/1.1\r\nHost: a.example\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

/* clang-format off */
static const struct row {
	const char *name;
	const char *request;
	int expected;
} rows[] = {
	{ "a handshake", GET UPGRADE KEY VERSION "\r\n", 101 },
	{ "words without case, among others, in several lines", GET "upgrade: WebSocket\r\nconnection: keep-alive\r\nConnection: x, UPGRADE\r\n" KEY VERSION "\r\n", 101 },
	{ "a method that is not GET", "POST /v1/ws HTTP/1.1\r\nHost: a.example\r\n" UPGRADE KEY VERSION "\r\n", 405 },
	{ "HTTP/1.0", "GET /v1/ws HTTP/1.0\r\n" UPGRADE KEY VERSION "\r\n", 400 },
	{ "no upgrade", GET "Connection: Upgrade\r\n" KEY VERSION "\r\n", 400 },
	{ "an upgrade to something else", GET "Upgrade: h2c\r\nConnection: Upgrade\r\n" KEY VERSION "\r\n", 400 },
	{ "a connection that is not to be upgraded", GET "Upgrade: websocket\r\nConnection: keep-alive\r\n" KEY VERSION "\r\n", 400 },
	{ "an older version", GET UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n", 426 },
	{ "several versions in one line", GET UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n\r\n", 426 },
	{ "two lines of versions", GET UPGRADE KEY VERSION "Sec-WebSocket-Version: 8\r\n\r\n", 426 },
	{ "two keys", GET UPGRADE KEY KEY VERSION "\r\n", 400 },
	{ "no version", GET UPGRADE KEY "\r\n", 426 },
	{ "no key", GET UPGRADE VERSION "\r\n", 400 },
	{ "a key of 15 bytes", GET UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n\r\n", 400 },
	{ "a key of 17 bytes", GET UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=\r\n\r\n", 400 },
	{ "a key of 18 bytes", GET UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSEh\r\n\r\n", 400 },
	{ "a key without its padding", GET UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n\r\n", 400 },
	{ "a key that is not base64", GET UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ.==\r\n\r\n", 400 },
};
/* clang-format on */

static void
test_row(void **state)
{
	const struct row *row = *state;
	char accept[HANDSHAKE_ACCEPT_BYTES] = "";
	struct http_head head;

	assert_int_equal(http_head_parse(row->request, strlen(row->request), &head), (int)strlen(row->request));
	assert_int_equal(handshake_read(&head, accept), row->expected);
	/* example of section 1.3 */
	assert_string_equal(accept, row->expected == 101 ? "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" : "");
}

enum { ROWS = sizeof rows / sizeof rows[0] };

int
main(void)
{
	struct CMUnitTest tests[ROWS];

	for (int i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[i] };
	return _cmocka_run_group_tests("handshake", tests, ROWS, NULL, NULL);
}
