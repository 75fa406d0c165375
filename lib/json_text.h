/* SPDX-License-Identifier: MIT */
/*
 * JSON as text: the parser's options for JSON of clients, functions that walk over well-formed
 * text, and the escapes of strings.
 */
#ifndef LIB_JSON_TEXT_H
#define LIB_JSON_TEXT_H

#include <stddef.h>

#include "errors.h"

struct json_t;

enum { JSON_ESCAPE_BYTES = 7 };

/*
 * Parses n bytes. On failure returns NULL and sets the error: malformed_json, or invalid_body for
 * well-formed JSON that is nested too deep or has a number beyond a double.
 * Strings may contain a NUL; the reader of a field refuses it. Integers become doubles, so that
 * integers above 2^63 are accepted. The text keeps their exact digits.
 */
struct json_t *json_text_parse(const char *text, size_t n, enum error *why) __attribute__((warn_unused_result));

/*
 * Skip blanks, a string, or a whole value from its first byte on. Return the place behind it, or
 * end.
 */
const char *json_text_skip_blanks(const char *at, const char *end);
const char *json_text_skip_string(const char *at, const char *end);
const char *json_text_skip_value(const char *at, const char *end);

/*
 * Finds the value of the index-th member of an object's text. Sets *value_end to the place behind
 * the value.
 */
const char *json_text_member(const char *text, const char *end, size_t index, const char **value_end);

/*
 * Copies a value to out without the blanks between its parts. out has room for end - at bytes.
 * Returns the length, and adds no NUL.
 */
size_t json_text_compact(const char *at, const char *end, char *out);

/*
 * Writes the escape that a byte needs inside a JSON string, with a NUL. Returns its length, or 0
 * for a byte that stands for itself.
 */
size_t json_text_escape(char c, char out[JSON_ESCAPE_BYTES]);

#endif
