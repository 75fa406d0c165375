/* SPDX-License-Identifier: MIT */
/* The reader of bodies, by tables of fields. */
#include "api/http/input.h"

#include <jansson.h>

#include "api/http/reply.h"

static void
json_free(void *json)
{
	json_decref(json);
}

/* Parses the body once. On failure returns false and sets the error to reply with. */
static bool
body_parse(struct request *r, enum error *why)
{
	*why = ERROR_MALFORMED_JSON;
	if (r->json)
		return true;
	if (r->body_len == 0)
		return false;
	r->json = fields_parse(r->body, r->body_len, why);
	if (!r->json)
		return false;
	request_own(r, r->json, json_free);
	return true;
}

bool
input_has(struct request *r, const char *name)
{
	enum error why;

	return body_parse(r, &why) && json_object_get(r->json, name);
}

bool
input_is(struct request *r, const char *name, const char *text)
{
	enum error why;

	return body_parse(r, &why) && field_is(json_object_get(r->json, name), text);
}

static bool
fields_required(const struct field *fields)
{
	for (; fields->name; fields++)
		if (fields->required)
			return true;
	return false;
}

bool
input_read(struct request *r, const struct field *fields, void *out)
{
	struct field_fault fault;
	enum error broken;

	if (r->body_len == 0 && !fields_required(fields))
		return true;
	if (!body_parse(r, &broken)) {
		if (broken == ERROR_INVALID_BODY)
			reply_error_detail(r, broken, "nested too deeply, or a number that is too large");
		else
			reply_error(r, broken);
		return false;
	}
	if (fields_read(&r->arena, r->body, r->body_len, r->json, fields, out, &fault))
		return true;
	reply_error_field(r, fault.error, fault.field, fault.detail);
	return false;
}

const char *
ids_text(struct arena *a, const int64_t *ids, int count)
{
	struct text t = { .arena = a };

	text_add(&t, "{", 1);
	for (int i = 0; i < count; i++)
		text_printf(&t, i ? ",%ld" : "%ld", (long)ids[i]);
	text_add(&t, "}", 1);
	return t.bytes;
}
