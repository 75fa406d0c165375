/* SPDX-License-Identifier: MIT */
/* JSON as text: functions that walk over well-formed text, and the escapes of strings. */
#ifndef LIB_JSON_TEXT_H
#define LIB_JSON_TEXT_H

#include <stddef.h>

enum { JSON_ESCAPE_BYTES = 7 };

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
