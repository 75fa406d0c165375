/* SPDX-License-Identifier: MIT */
/*
 * The client's side of the three transports, read as cheaply as can be: where a unit ends, and
 * which texts it holds.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum transport { TRANSPORT_WS, TRANSPORT_SSE, TRANSPORT_POLL, TRANSPORT_LIMIT };

enum wire_kind { WIRE_TEXT, WIRE_PING, WIRE_CLOSE, WIRE_OTHER };

/* One unit of the wire: a WebSocket frame, an event of SSE, an HTTP reply. */
struct wire_unit {
	enum wire_kind kind;
	const char *text; /* WS: the payload; SSE: the data; poll: the body */
	size_t len;
};

/* The state of a stream in the chunked transfer-encoding; all zero at its beginning. */
struct wire_chunks {
	enum { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_END, CHUNK_LAST } at;
	uint32_t left; /* CHUNK_SIZE: the size as read so far; CHUNK_DATA: bytes to come */
};

/* "ws", "sse", "poll", "limit". Leaves the program when it is none of them. */
enum transport wire_transport(const char *name);
const char *wire_name(enum transport t);

/* Connects to that port of this machine, blocking. Ends the program when it cannot. */
int wire_connect(int port);

/* How many of the n bytes the first unit takes; 0 when it is not complete. */
size_t wire_unit(enum transport t, const char *p, size_t n, struct wire_unit *out);

/*
 * Takes the chunked transfer-encoding off the n bytes that come next, in place; how many are left.
 */
size_t wire_unchunk(struct wire_chunks *c, char *p, size_t n);

/* Length of the head of an HTTP reply with the empty line, 0 when it is not complete. */
size_t wire_head(const char *p, size_t n);

/* The request that opens a stream: since may be NULL or a cursor. Returns its length. */
size_t wire_open(enum transport t, const char *token, const char *since, long wait, char *out, size_t size);

/* Writes a masked frame with that opcode; returns its length. out has room for len + 14. */
size_t wire_frame(int opcode, const char *payload, size_t len, char *out);

/* Finds "name":"…" in JSON as Banter writes it (the last one when last); its length, or 0. */
size_t wire_field(const char *json, size_t n, const char *name, bool last, const char **value);

/* Is it an event of a type that begins so? */
bool wire_is(const char *json, size_t n, const char *type);

/* Is it a message? Events of other kinds do not count in the benchmarks. */
bool wire_is_message(const char *json, size_t n);

#endif
