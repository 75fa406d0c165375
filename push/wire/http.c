/* SPDX-License-Identifier: MIT */
/*
 * Head of an HTTP request, read line by line. It refuses whatever two readers could understand
 * differently.
 */
#include "push/wire/http.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "lib/base/percent.h"

/*
 * Classes of bytes: the parts of a head that allow them (RFC 9110, 5.6.2 and 5.5; RFC 9112, 3.2).
 */
enum { TOKEN = 1, TARGET = 2, VALUE = 4 };

/* Returns the table of the classes of each byte. */
static const unsigned char *
classes_of_bytes(void)
{
	static unsigned char classes[256];

	if (!classes['a'])
		for (int i = 0; i < 256; i++) {
			bool visible = i > ' ' && i < 0x7f;
			bool token = visible && !strchr("\"(),/:;<=>?@[\\]{}", i);
			classes[i] = (unsigned char)((token ? TOKEN : 0) | (visible && i != '#' ? TARGET : 0) |
						     (visible || i == ' ' || i == '\t' || i >= 0x80 ? VALUE : 0));
		}
	return classes;
}

static bool
slice_is_all(struct http_slice s, int what)
{
	const unsigned char *classes = classes_of_bytes();

	for (size_t i = 0; i < s.len; i++)
		what &= classes[(unsigned char)s.at[i]];
	return what != 0;
}

static struct http_slice
slice_trim(struct http_slice s)
{
	while (s.len && (s.at[0] == ' ' || s.at[0] == '\t')) {
		s.at++;
		s.len--;
	}
	while (s.len && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static bool
slice_is_word(struct http_slice s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.at, word, s.len) == 0;
}

/*
 * Cuts off and returns the part before the first separator, or all when there is none. *rest
 * becomes the part behind it.
 */
static struct http_slice
slice_cut(struct http_slice *rest, char separator)
{
	const char *end = rest->len ? memchr(rest->at, separator, rest->len) : NULL;
	struct http_slice part = { rest->at, end ? (size_t)(end - rest->at) : rest->len };
	size_t skip = part.len + (end ? 1 : 0);

	*rest = (struct http_slice){ rest->at + skip, rest->len - skip };
	return part;
}

bool
http_slice_is(struct http_slice s, const char *text)
{
	return s.at && s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

/* Reads the HTTP version. Returns 0, or minus the status to answer with. */
static int
version_read(struct http_slice version, int *minor)
{
	if (version.len != strlen("HTTP/1.1") || memcmp(version.at, "HTTP/", 5) != 0 || version.at[6] != '.')
		return -400;
	if (version.at[5] < '0' || version.at[5] > '9' || version.at[7] < '0' || version.at[7] > '9')
		return -400;
	*minor = version.at[7] - '0';
	return version.at[5] == '1' ? 0 : -505;
}

static int
request_line_read(struct http_slice line, struct http_head *out)
{
	struct http_slice target;

	out->method = slice_cut(&line, ' ');
	target = slice_cut(&line, ' ');
	if (out->method.len == 0 || !slice_is_all(out->method, TOKEN))
		return -400;
	if (target.len == 0 || target.at[0] != '/' || !slice_is_all(target, TARGET))
		return -400;
	out->path = slice_cut(&target, '?');
	if (target.at > out->path.at + out->path.len)
		out->query = target;
	return version_read(line, &out->minor);
}

static int
header_line_read(struct http_slice line, struct http_head *out)
{
	struct http_slice value = line, name = slice_cut(&value, ':');

	if (name.len == 0 || name.len == line.len || !slice_is_all(name, TOKEN) || !slice_is_all(value, VALUE))
		return -400;
	if (out->headers_count == HTTP_HEADERS)
		return -431;
	out->headers[out->headers_count++] = (struct http_header){ name, slice_trim(value) };
	return 0;
}

int
http_header_count(const struct http_head *head, const char *name)
{
	int count = 0;

	for (int i = 0; i < head->headers_count; i++)
		count += slice_is_word(head->headers[i].name, name);
	return count;
}

/* Checks the headers together: one host (RFC 9112, 3.2), no body (6.3). */
static int
headers_check(const struct http_head *head)
{
	struct http_slice host = http_header(head, "host"), length = http_header(head, "content-length");
	int hosts = http_header_count(head, "host"), lengths = http_header_count(head, "content-length");

	if (hosts > 1 || (hosts == 0 && head->minor >= 1) || lengths > 1)
		return -400;
	if (!slice_is_all(host, TARGET))
		return -400;
	for (size_t i = 0; i < host.len; i++)
		if (strchr("/?@,\\", host.at[i]))
			return -400;
	if (lengths && length.len == 0)
		return -400;
	for (size_t i = 0; i < length.len; i++)
		if (length.at[i] < '0' || length.at[i] > '9')
			return -400;
	for (size_t i = 0; i < length.len; i++)
		if (length.at[i] != '0')
			return -413;
	return http_header_count(head, "transfer-encoding") ? -413 : 0;
}

int
http_head_parse(const char *data, size_t n, struct http_head *out)
{
	size_t most = n < HTTP_HEAD_BYTES ? n : HTTP_HEAD_BYTES, at = 0;
	int status;

	memset(out, 0, offsetof(struct http_head, headers));
	out->headers_count = 0;
	if (n == 0)
		return 0; /* data may be NULL */
	for (bool first = true;; first = false) {
		const char *end = memchr(data + at, '\n', most - at);
		struct http_slice line = { data + at, end ? (size_t)(end - data) - at : 0 };

		if (!end)
			return most == HTTP_HEAD_BYTES ? -431 : 0;
		if (line.len == 0 || line.at[--line.len] != '\r')
			return -400;
		at += line.len + 2;
		if (line.len == 0 && !first)
			break;
		status = first ? request_line_read(line, out) : header_line_read(line, out);
		if (status)
			return status;
	}
	status = headers_check(out);
	return status ? status : (int)at;
}

struct http_slice
http_header(const struct http_head *head, const char *name)
{
	for (int i = 0; i < head->headers_count; i++)
		if (slice_is_word(head->headers[i].name, name))
			return head->headers[i].value;
	return (struct http_slice){ NULL, 0 };
}

static bool
header_lists(const struct http_head *head, const char *name, const char *token, bool (*is)(struct http_slice, const char *))
{
	for (int i = 0; i < head->headers_count; i++) {
		struct http_slice rest = head->headers[i].value;

		if (!slice_is_word(head->headers[i].name, name))
			continue;
		while (rest.len)
			if (is(slice_trim(slice_cut(&rest, ',')), token))
				return true;
	}
	return false;
}

bool
http_header_has(const struct http_head *head, const char *name, const char *token)
{
	return header_lists(head, name, token, slice_is_word);
}

bool
http_header_offers(const struct http_head *head, const char *name, const char *token)
{
	return header_lists(head, name, token, http_slice_is);
}

/*
 * Returns the first parameter of that name, not decoded. The slice is absent, empty, or the text
 * behind the equals sign.
 */
static struct http_slice
parameter_find(const struct http_head *head, const char *name)
{
	struct http_slice rest = head->query;

	while (rest.len) {
		struct http_slice value = slice_cut(&rest, '&');

		if (http_slice_is(slice_cut(&value, '='), name))
			return value;
	}
	return (struct http_slice){ NULL, 0 };
}

bool
http_parameter(const struct http_head *head, const char *name, char *out, size_t room)
{
	struct http_slice value = parameter_find(head, name);

	return value.at && percent_decode(value.at, value.len, true, out, room);
}

bool
http_has_parameter(const struct http_head *head, const char *name)
{
	return parameter_find(head, name).at;
}

struct http_slice
http_cookie(const struct http_head *head, const char *name)
{
	for (int i = 0; i < head->headers_count; i++) {
		struct http_slice rest = head->headers[i].value;

		if (!slice_is_word(head->headers[i].name, "cookie"))
			continue;
		while (rest.len) {
			struct http_slice value = slice_trim(slice_cut(&rest, ';'));
			size_t whole = value.len;
			struct http_slice key = slice_cut(&value, '=');

			if (key.len < whole && http_slice_is(key, name))
				return value;
		}
	}
	return (struct http_slice){ NULL, 0 };
}
