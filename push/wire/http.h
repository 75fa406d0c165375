/* SPDX-License-Identifier: MIT */
/*
 * Head of an HTTP/1.1 request (RFC 9112), as far as three GET routes need it. Uses no sockets and
 * allocates no memory.
 */
#ifndef PUSH_HTTP_H
#define PUSH_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_HEAD_BYTES = 8192, HTTP_HEADERS = 64 };

struct http_slice {
	const char *at; /* NULL: absent */
	size_t len;
};

struct http_header {
	struct http_slice name, value; /* value without the blanks around it */
};

struct http_head {
	struct http_slice method, path; /* path without the query, not decoded */
	struct http_slice query;	/* without the '?' */
	int minor;			/* HTTP/1.minor */
	struct http_header headers[HTTP_HEADERS];
	int headers_count;
};

/*
 * Reads a head from data[0 … n). Returns its length when it is complete, 0 when more is needed, or
 * minus the status to answer with:
 * - 400: malformed, such as bare CR or LF, blanks before a colon, folding, NUL or control
 *   characters
 * - 400: no Host header on HTTP/1.1, two on any version, or a target that does not begin with '/'
 * - 413: a body is announced, by Content-Length other than 0 or by Transfer-Encoding
 * - 431: too many headers, or HTTP_HEAD_BYTES without an end
 * - 505: another version
 * After 413 the caller closes the connection, because the start of the next request is unknown.
 * Slices point into data. The result does not depend on how the bytes are cut. A wrong line is
 * refused before the rest arrives.
 */
int http_head_parse(const char *data, size_t n, struct http_head *out);

/* Returns the first header of that lower-case name, compared without case, or { NULL, 0 }. */
struct http_slice http_header(const struct http_head *head, const char *name);

/* Returns the number of lines of that header. */
int http_header_count(const struct http_head *head, const char *name);

/*
 * Returns whether a comma-separated header holds this token in any of its lines. http_header_has
 * compares without case, http_header_offers with case.
 */
bool http_header_has(const struct http_head *head, const char *name, const char *token);
bool http_header_offers(const struct http_head *head, const char *name, const char *token);

/*
 * Decodes the first query parameter of that name into out, which has room bytes with the NUL. %41
 * and '+' are decoded as in forms. Returns false when it is absent, too long, badly encoded or
 * holds a NUL. http_has_parameter returns whether it is present.
 */
bool http_parameter(const struct http_head *head, const char *name, char *out, size_t room);
bool http_has_parameter(const struct http_head *head, const char *name);

/* Returns the value of the first cookie of that name, not decoded, or { NULL, 0 }. */
struct http_slice http_cookie(const struct http_head *head, const char *name);

/* Returns whether slice and text are the same bytes. An absent slice equals no text. */
bool http_slice_is(struct http_slice s, const char *text);

#endif
