/* SPDX-License-Identifier: MIT */
/* What a client says: JSON bodies and query parameters, read into structs by a table of fields. */
#ifndef API_INPUT_H
#define API_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "request.h"

enum field_type {
	FIELD_TEXT,   /* const char *; min and max bytes */
	FIELD_ID,     /* int64_t */
	FIELD_IDS,    /* struct ids; min and max of them. As a parameter: separated by commas */
	FIELD_SWITCH, /* bool */
	FIELD_NUMBER, /* int64_t; min and max. Parameters only */
	FIELD_CHOICE, /* const char *, one of choices */
	FIELD_OBJECT, /* const char *: the JSON text as it came; up to max bytes. Bodies only */
	FIELD_LIST,   /* struct list of structs that items describes; min and max of them. Bodies only */
};

enum { OPTIONAL = false, REQUIRED = true };

struct field {
	const char *name; /* NULL ends a table */
	enum field_type type;
	bool required; /* else the struct keeps what it has */
	int64_t min, max;
	size_t offset;
	const char *const *choices; /* NULL-terminated */
	const struct field *items;
	size_t item_size;
	enum error too_long; /* for a text beyond max; ERROR_NONE: invalid_body */
};

struct ids {
	const int64_t *list;
	int count;
};

struct list {
	void *items;
	int count;
};

/*
 * Reads the body by the table. False when the reply has been made: 400 malformed_json; 422 invalid_body or unknown_field, with the field.
 * A body that is not there counts as {}.
 */
bool input_read(struct request *r, const struct field *fields, void *out) __attribute__((warn_unused_result));

/* Has the body a field of this name; is it that text? For bodies of several shapes, before input_read; false for what is no object. */
bool input_has(struct request *r, const char *name);
bool input_is(struct request *r, const char *name, const char *text);

/* Reads the query by the table; parameters that it lacks are passed over. False when the reply has been made: 422 invalid_parameter. */
bool parameters_read(struct request *r, const struct field *fields, void *out) __attribute__((warn_unused_result));

/* Decodes %XX of n bytes (and + as a blank, in a query). NULL when it is not well formed or not UTF-8 or has a NUL. */
char *percent_decode(struct arena *a, const char *text, size_t n, bool query) __attribute__((warn_unused_result));

/* Ids as PostgreSQL reads an array of them: {1,2,3}. */
const char *ids_text(struct arena *a, const int64_t *ids, int count);

#endif
