/* SPDX-License-Identifier: MIT */
/* Opening handshake of a WebSocket. */
#include "push/wire/handshake.h"

#include <nettle/sha1.h>
#include <sodium.h>

enum { NONCE_BYTES = 16 };

/* Returns whether the key is 16 bytes in base64 (section 4.1, item 7 of the client's part). */
static bool
key_is_good(struct http_slice key)
{
	unsigned char nonce[NONCE_BYTES];
	size_t len = 0;

	return key.at && sodium_base642bin(nonce, sizeof nonce, key.at, key.len, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       len == NONCE_BYTES;
}

/* Computes the value of Sec-WebSocket-Accept (section 4.2.2, item 5). */
static void
key_accept(struct http_slice key, char accept[HANDSHAKE_ACCEPT_BYTES])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	uint8_t digest[SHA1_DIGEST_SIZE];
	struct sha1_ctx sha1;

	sha1_init(&sha1);
	sha1_update(&sha1, key.len, (const uint8_t *)key.at);
	sha1_update(&sha1, sizeof guid - 1, (const uint8_t *)guid);
	sha1_digest(&sha1, sizeof digest, digest);
	sodium_bin2base64(accept, HANDSHAKE_ACCEPT_BYTES, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
}

int
handshake_read(const struct http_head *head, char accept[HANDSHAKE_ACCEPT_BYTES])
{
	struct http_slice key = http_header(head, "sec-websocket-key");

	if (!http_slice_is(head->method, "GET"))
		return 405;
	if (head->minor < 1 || !http_header_has(head, "upgrade", "websocket") || !http_header_has(head, "connection", "upgrade"))
		return 400;
	if (http_header_count(head, "sec-websocket-version") != 1 || !http_slice_is(http_header(head, "sec-websocket-version"), "13"))
		return 426;
	if (http_header_count(head, "sec-websocket-key") != 1 || !key_is_good(key))
		return 400;
	key_accept(key, accept);
	return 101;
}
