/* SPDX-License-Identifier: MIT */
/* JSON, walked and escaped. */
#include "lib/base/json_text.h"

#include <stdio.h>
#include <string.h>

const char *
json_text_skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
		at++;
	return at;
}

const char *
json_text_skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : end;
}

const char *
json_text_skip_value(const char *at, const char *end)
{
	int depth = 0;

	do {
		if (*at == '"') {
			at = json_text_skip_string(at, end);
		} else if (*at == '{' || *at == '[') {
			depth++;
			at++;
		} else if (*at == '}' || *at == ']') {
			depth--;
			at++;
		} else if (depth > 0) {
			at++;
		} else {
			while (at < end && !strchr(",}] \t\r\n", *at))
				at++;
		}
	} while (depth > 0 && at < end);
	return at;
}

const char *
json_text_member(const char *text, const char *end, size_t index, const char **value_end)
{
	const char *at = json_text_skip_blanks(text, end) + 1;

	for (;; index--) {
		at = json_text_skip_string(json_text_skip_blanks(at, end), end);
		at = json_text_skip_blanks(json_text_skip_blanks(at, end) + 1, end);
		*value_end = json_text_skip_value(at, end);
		if (index == 0)
			return at;
		at = json_text_skip_blanks(*value_end, end) + 1;
	}
}

size_t
json_text_compact(const char *at, const char *end, char *out)
{
	char *to = out;

	while (at < end) {
		const char *from = at = json_text_skip_blanks(at, end);
		at = at < end && *at == '"' ? json_text_skip_string(at, end) : at + (at < end);
		memcpy(to, from, (size_t)(at - from));
		to += at - from;
	}
	return (size_t)(to - out);
}

size_t
json_text_escape(char c, char out[JSON_ESCAPE_BYTES])
{
	unsigned char byte = (unsigned char)c;

	if (byte == '"' || byte == '\\')
		return (size_t)sprintf(out, "\\%c", byte);
	return byte < 0x20 || byte == 0x7f ? (size_t)sprintf(out, "\\u%04x", byte) : 0;
}
