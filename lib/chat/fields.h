/* SPDX-License-Identifier: MIT */
/*
 * Objects of clients, read into structs by tables of fields. They are bodies of REST and frames of
 * streams.
 */
#ifndef LIB_FIELDS_H
#define LIB_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/chat/errors.h"

struct json_t;

enum field_type {
	FIELD_TEXT, /* const char *; min and max bytes */
	FIELD_ID,   /* int64_t */
	FIELD_IDS,  /* struct id_list; min and max count. As a parameter: comma-separated */
	/*
	 * const char *: ids as a PostgreSQL array, 0 for all; up to max of them, else too_long.
	 * JSON only
	 */
	FIELD_MENTIONS,
	FIELD_SWITCH, /* bool */
	FIELD_NUMBER, /* int64_t; min and max. Parameters only */
	FIELD_CHOICE, /* const char *, one of choices */
	/*
	 * const char *: a message's data (lib/chat/message_data.h) as sent, without blanks.
	 * Outermost objects only
	 */
	FIELD_OBJECT,
	/* struct list of structs that items describes; min and max count. JSON only */
	FIELD_LIST,
	/*
	 * a struct whose fields, which items describes, stand beside the others. The name is for
	 * readers. JSON only
	 */
	FIELD_TABLE,
};

enum { OPTIONAL = false, REQUIRED = true };

struct field {
	const char *name; /* NULL ends a table */
	enum field_type type;
	bool required; /* if false, the struct keeps its default */
	int64_t min, max;
	size_t offset;
	const char *const *choices; /* NULL-terminated */
	const struct field *items;
	size_t item_size;
	enum error too_long; /* for a text beyond max; ERROR_NONE: invalid_body */
};

struct id_list {
	const int64_t *list;
	int count;
};

struct list {
	void *items;
	int count;
};

/* The first fault of an object. */
struct field_fault {
	enum error error;
	const char *field;  /* its name, which may be the client's own; NULL: the object itself */
	const char *detail; /* for people; NULL: the error says it all */
};

/*
 * Parses n bytes of JSON from a client. On failure returns NULL and sets the error: malformed_json,
 * or invalid_body for well-formed JSON that is nested too deep or has a number beyond a double.
 * Strings may contain a NUL; the reader of a field refuses it. Integers become doubles, so that
 * integers above 2^63 are accepted. The text keeps their exact digits.
 */
struct json_t *fields_parse(const char *text, size_t n, enum error *why) __attribute__((warn_unused_result));

/*
 * Reads an object by a table. text is its JSON, from which FIELD_OBJECT is copied. The struct
 * points into the arena and into object. Returns false with a fault: invalid_body, unknown_field,
 * or the too_long of a field.
 */
bool fields_read(struct arena *a, const char *text, size_t n, struct json_t *object, const struct field *fields, void *out, struct field_fault *fault)
	__attribute__((warn_unused_result));

/* Returns whether a value is this text. JSON may contain a NUL, so the lengths are compared too. */
bool field_is(const struct json_t *value, const char *text);

#endif
