/* SPDX-License-Identifier: MIT */
/* The head of an HTTP/1.1 request (RFC 9112): as much as three GET routes need, strictly. No sockets, no allocation. */
#ifndef PUSH_HTTP_H
#define PUSH_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_HEAD_BYTES = 8192, HTTP_HEADERS = 64 };

struct http_slice {
	const char *at; /* NULL: not there */
	size_t len;
};

struct http_header {
	struct http_slice name, value; /* value without blanks around it */
};

struct http_head {
	struct http_slice method, path; /* path without the query, as it came (not decoded) */
	struct http_slice query;	/* without the '?' */
	int minor;			/* HTTP/1.minor */
	struct http_header headers[HTTP_HEADERS];
	int headers_count;
};

/*
 * Reads a head from data[0 … n). Returns its length when it is whole, 0 when more is needed, or minus the status to answer with:
 * 400 malformed (bare CR or LF, blanks before a colon, obsolete folding, NUL, control characters, no Host header on 1.1 or two on any,
 * a request target that does not begin with '/'), 431 too many headers or HTTP_HEAD_BYTES without an end, 505 another version, 413 a
 * body is announced (Content-Length other than 0, or Transfer-Encoding): close, for where the next request begins is not known.
 * Slices point into data. However the bytes are cut, the answer is the same; a wrong line is refused before the rest is there.
 */
int http_head_parse(const char *data, size_t n, struct http_head *out);

/* A header by its lower-case name (compared without case); the first one of that name, or { NULL, 0 }. */
struct http_slice http_header(const struct http_head *head, const char *name);

/* The same, the last one: of X-Forwarded-For it is the nearest proxy's. And how many lines of that name there are. */
struct http_slice http_header_last(const struct http_head *head, const char *name);
int http_header_count(const struct http_head *head, const char *name);

/* Does a comma-separated header, in any of its lines, hold this token (compared without case; offers: with case)? */
bool http_header_has(const struct http_head *head, const char *name, const char *token);
bool http_header_offers(const struct http_head *head, const char *name, const char *token);

/*
 * The first query parameter of that name (written plainly), decoded into out (room bytes with NUL): %41 and '+' for a blank, as forms
 * have it. False when absent, too long, badly encoded or with a NUL in it; whether it is there at all, http_has_parameter says.
 */
bool http_parameter(const struct http_head *head, const char *name, char *out, size_t room);
bool http_has_parameter(const struct http_head *head, const char *name);

/* The value of the first cookie of that name, as it came, or { NULL, 0 }. */
struct http_slice http_cookie(const struct http_head *head, const char *name);

/* Are these the same bytes? A slice that is not there is like no text. */
bool http_slice_is(struct http_slice s, const char *text);

#endif
