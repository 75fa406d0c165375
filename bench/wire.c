/* SPDX-License-Identifier: MIT */
/* Reads and writes what a client of each transport does. */
#include "wire.h"

#include <ctype.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "usage.h"

static const char *const names[] = { "ws", "sse", "poll", "limit" };

enum transport
wire_transport(const char *name)
{
	for (int i = 0; i < 4; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum transport)i;
	fprintf(stderr, "no such transport: %s\n", name);
	exit(64);
}

const char *
wire_name(enum transport t)
{
	return names[t];
}

int
wire_connect(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		usage_die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

/* RFC 6455, 5.2; a server does not mask. */
static size_t
unit_ws(const unsigned char *p, size_t n, struct wire_unit *out)
{
	size_t head = 2, len;

	if (n < 2)
		return 0;
	len = p[1];
	if (len == 126) {
		head = 4;
		if (n < head)
			return 0;
		len = (size_t)p[2] << 8 | p[3];
	} else if (len == 127) {
		head = 10;
		if (n < head)
			return 0;
		len = 0;
		for (int i = 2; i < 10; i++)
			len = len << 8 | p[i];
	}
	if (n < head + len)
		return 0;
	int opcode = p[0] & 15;
	out->kind = opcode == 1 ? WIRE_TEXT : opcode == 8 ? WIRE_CLOSE : opcode == 9 ? WIRE_PING : WIRE_OTHER;
	out->text = (const char *)p + head;
	out->len = len;
	return head + len;
}

static const char sse_data[] = "data: ", sse_id[] = "\nid: ", sse_end[] = "\n\n";

/*
 * The data's line and the whole of the last event that had an id. The next one is mostly as long.
 */
static size_t sse_line, sse_whole;

static bool
sse_is_as_long(const char *p, size_t n)
{
	return sse_whole && n >= sse_whole && memcmp(p, sse_data, sizeof sse_data - 1) == 0 && memcmp(p + sse_line, sse_id, sizeof sse_id - 1) == 0 &&
	       memcmp(p + sse_whole - 2, sse_end, 2) == 0;
}

static void
sse_note(const char *p, size_t whole, const struct wire_unit *u)
{
	if (u->kind != WIRE_TEXT || u->text != p + sizeof sse_data - 1)
		return;
	size_t line = (size_t)(u->text + u->len - p);
	if (whole < line + sizeof sse_id || memcmp(p + line, sse_id, sizeof sse_id - 1) != 0)
		return;
	sse_line = line;
	sse_whole = whole;
}

/*
 * An event ends with an empty line, and Banter's has at most one line of data. Where the one before
 * had its id and its end this one mostly has them
 * too: then it is not read through, as a frame is not, which says how long it is. If that were
 * wrong, the seq would not be the next one.
 */
static size_t
unit_sse(const char *p, size_t n, struct wire_unit *out)
{
	const char *end;

	out->kind = WIRE_OTHER;
	if (sse_is_as_long(p, n)) {
		*out = (struct wire_unit){ .kind = WIRE_TEXT, .text = p + sizeof sse_data - 1, .len = sse_line - (sizeof sse_data - 1) };
		return sse_whole;
	}
	for (const char *line = p; (end = memchr(line, '\n', n - (size_t)(line - p))); line = end + 1) {
		size_t len = (size_t)(end - line);
		if (len == 0) {
			sse_note(p, (size_t)(end + 1 - p), out);
			return (size_t)(end + 1 - p);
		}
		if (len < sizeof sse_data || memcmp(line, sse_data, sizeof sse_data - 1) != 0)
			continue;
		out->kind = WIRE_TEXT;
		out->text = line + sizeof sse_data - 1;
		out->len = len - (sizeof sse_data - 1);
	}
	return 0;
}

/* One byte of what stands around a chunk's data (RFC 9112, 7.1). */
static void
chunk_byte(struct wire_chunks *c, char byte)
{
	if (c->at == CHUNK_LAST)
		return;
	if (byte == '\n')
		c->at = c->at == CHUNK_END ? CHUNK_SIZE : c->left ? CHUNK_DATA : CHUNK_LAST;
	else if (c->at == CHUNK_SIZE && isxdigit((unsigned char)byte))
		c->left = c->left << 4 | (uint32_t)(byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10);
	else if (c->at == CHUNK_SIZE)
		c->at = CHUNK_EXTENSION;
}

size_t
wire_unchunk(struct wire_chunks *c, char *p, size_t n)
{
	size_t kept = 0;

	for (size_t at = 0; at < n;) {
		if (c->at != CHUNK_DATA) {
			chunk_byte(c, p[at++]);
			continue;
		}
		size_t len = n - at < c->left ? n - at : c->left;
		memmove(p + kept, p + at, len);
		kept += len;
		at += len;
		c->left -= (uint32_t)len;
		if (!c->left)
			c->at = CHUNK_END;
	}
	return kept;
}

size_t
wire_head(const char *p, size_t n)
{
	const char *end = memmem(p, n, "\r\n\r\n", 4);

	return end ? (size_t)(end - p) + 4 : 0;
}

static size_t
unit_poll(const char *p, size_t n, struct wire_unit *out)
{
	size_t head = wire_head(p, n), len = 0;

	if (!head)
		return 0;
	for (const char *line = p; line < p + head - 2; line = (const char *)memchr(line, '\n', n) + 1)
		if (strncasecmp(line, "content-length:", 15) == 0)
			len = strtoul(line + 15, NULL, 10);
	if (n < head + len)
		return 0;
	out->kind = memcmp(p + 9, "200", 3) == 0 ? WIRE_TEXT : WIRE_CLOSE;
	if (out->kind == WIRE_CLOSE) {
		out->text = p;
		out->len = head + len;
		return head + len;
	}
	out->text = p + head;
	out->len = len;
	return head + len;
}

size_t
wire_unit(enum transport t, const char *p, size_t n, struct wire_unit *out)
{
	switch (t) {
	case TRANSPORT_WS:
	case TRANSPORT_LIMIT:
		return unit_ws((const unsigned char *)p, n, out);
	case TRANSPORT_SSE:
		return unit_sse(p, n, out);
	case TRANSPORT_POLL:
		return unit_poll(p, n, out);
	}
	return 0;
}

size_t
wire_open(enum transport t, const char *token, const char *since, long wait, char *out, size_t size)
{
	static const char *const paths[] = { "/v1/ws?", "/v1/stream?", "/v1/events?", "/v1/ws?" };
	static const char upgrade[] = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
				      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: banter.v1\r\n";
	char poll[32] = "";

	if (t == TRANSPORT_POLL)
		snprintf(poll, sizeof poll, "&wait=%ld", wait);
	return (size_t)snprintf(out, size, "GET %s%s%s%s HTTP/1.1\r\nHost: localhost\r\n%sAuthorization: Bearer %s\r\n\r\n", paths[t],
				since ? "since=" : "", since ? since : "", poll, t == TRANSPORT_WS || t == TRANSPORT_LIMIT ? upgrade : "", token);
}

size_t
wire_frame(int opcode, const char *payload, size_t len, char *out)
{
	static const unsigned char mask[4] = { 0x5a, 0x17, 0xc3, 0x2e };
	unsigned char *p = (unsigned char *)out;
	size_t at = 2;

	p[0] = (unsigned char)(0x80 | opcode);
	if (len < 126) {
		p[1] = (unsigned char)(0x80 | len);
	} else {
		p[1] = 0x80 | 126;
		p[2] = (unsigned char)(len >> 8);
		p[3] = (unsigned char)len;
		at = 4;
	}
	memcpy(p + at, mask, 4);
	at += 4;
	for (size_t i = 0; i < len; i++)
		p[at + i] = (unsigned char)payload[i] ^ mask[i & 3];
	return at + len;
}

size_t
wire_field(const char *json, size_t n, const char *name, bool last, const char **value)
{
	char key[64];
	size_t len = (size_t)snprintf(key, sizeof key, "\"%s\":\"", name);
	const char *at = NULL, *end = json + n;

	for (const char *p = json; (p = memmem(p, (size_t)(end - p), key, len)); p += len) {
		at = p + len;
		if (!last)
			break;
	}
	if (!at)
		return 0;
	const char *quote = memchr(at, '"', (size_t)(end - at));
	*value = at;
	return quote ? (size_t)(quote - at) : 0;
}

bool
wire_is(const char *json, size_t n, const char *type)
{
	static const char start[] = "{\"type\":\"";
	size_t head = sizeof start - 1, len = strlen(type);

	return n >= head + len && memcmp(json, start, head) == 0 && memcmp(json + head, type, len) == 0;
}

bool
wire_is_message(const char *json, size_t n)
{
	static const char start[] = "{\"type\":\"message.created\"";

	return n >= sizeof start - 1 && memcmp(json, start, sizeof start - 1) == 0;
}
