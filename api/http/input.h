/* SPDX-License-Identifier: MIT */
/* Input of clients: JSON bodies and query parameters, read into structs by tables of fields. */
#ifndef API_INPUT_H
#define API_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/http/request.h"
#include "lib/chat/fields.h"

/*
 * Reads the body by a table. Returns false when it has replied: 400 malformed_json; 422
 * invalid_body or unknown_field, with the field. A missing body counts as {}.
 */
bool input_read(struct request *r, const struct field *fields, void *out) __attribute__((warn_unused_result));

/*
 * Return whether the body has a field of this name, or a field with this text. They are called
 * before input_read for bodies of several shapes. Return false for a body that is not an object.
 */
bool input_has(struct request *r, const char *name);
bool input_is(struct request *r, const char *name, const char *text);

/*
 * Reads the query by a table, and ignores unknown parameters. Returns false when it has replied:
 * 422 invalid_parameter.
 */
bool parameters_read(struct request *r, const struct field *fields, void *out) __attribute__((warn_unused_result));

/*
 * Decodes %XX of n bytes, and in a query + as a blank. Returns NULL for a bad encoding, invalid
 * UTF-8, or a NUL.
 */
char *decoded_text(struct arena *a, const char *text, size_t n, bool query) __attribute__((warn_unused_result));

/* Returns ids as a PostgreSQL array: {1,2,3}. */
const char *ids_text(struct arena *a, const int64_t *ids, int count);

#endif
