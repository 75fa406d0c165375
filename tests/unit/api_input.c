/* SPDX-License-Identifier: MIT */
/*
 * Bodies and queries: those that are accepted, those that are refused with which error, and noise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "api/http/input.h"
#include "chance.h"

struct item {
	int64_t id, mark;
};

struct said {
	const char *text, *data, *role;
	int64_t id, limit;
	struct id_list ids;
	struct list items;
	bool cookie;
};

#define AT(member) .offset = offsetof(struct said, member)

static const char *const roles[] = { "owner", "member", NULL };

static const struct field item_fields[] = {
	{ "id", FIELD_ID, REQUIRED, .offset = offsetof(struct item, id) },
	{ "mark", FIELD_ID, OPTIONAL, .offset = offsetof(struct item, mark) },
	{ 0 },
};

static const struct field fields[] = {
	{ "text", FIELD_TEXT, REQUIRED, 1, 8, AT(text), .too_long = ERROR_TEXT_TOO_LONG },
	{ "data", FIELD_OBJECT, OPTIONAL, AT(data) },
	{ "role", FIELD_CHOICE, OPTIONAL, AT(role), .choices = roles },
	{ "id", FIELD_ID, OPTIONAL, AT(id) },
	{ "ids", FIELD_IDS, OPTIONAL, 1, 3, AT(ids) },
	{ "items", FIELD_LIST, OPTIONAL, 1, 2, AT(items), .items = item_fields, .item_size = sizeof(struct item) },
	{ "cookie", FIELD_SWITCH, OPTIONAL, AT(cookie) },
	{ 0 },
};

static const struct field parameters[] = {
	{ "text", FIELD_TEXT, OPTIONAL, 0, 8, AT(text) },
	{ "id", FIELD_ID, OPTIONAL, AT(id) },
	{ "ids", FIELD_IDS, OPTIONAL, 1, 3, AT(ids) },
	{ "limit", FIELD_NUMBER, OPTIONAL, 1, 200, AT(limit) },
	{ 0 },
};

/*
 * Returns a request with this body. The body has a memory block of its own, so that ASan finds a
 * read beyond it.
 */
static struct request *
request_with(const char *body, size_t n)
{
	struct request *r = calloc(1, sizeof *r);
	char *bytes = malloc(n ? n : 1);

	memcpy(bytes, body, n);
	r->body = bytes;
	r->body_len = n;
	r->headers.arena = &r->arena;
	strcpy(r->id, "test");
	return r;
}

static void
request_end(struct request *r)
{
	json_decref(r->json);
	free((char *)r->body);
	arena_free(&r->arena);
	free(r);
}

/* ---- bodies ---- */

static const struct {
	const char *body;
	/* expected: text data role id ids items cookie; or the code and the field of the refusal */
	const char *said;
} bodies[] = {
	{ "{\"text\":\"hi\"}", "hi - - 0 0 0 0" },
	{ " {\t\"text\" :\r\n\"hi\" } ", "hi - - 0 0 0 0" },
	{ "{\"text\":\"\\u00e9\\u6f22\\ud83d\\ude42\"}", "text_too_long text" },
	{ "{\"text\":\"12345678\"}", "12345678 - - 0 0 0 0" },
	{ "{\"text\":\"123456789\"}", "text_too_long text" },
	{ "{\"text\":\"\"}", "invalid_body text" },
	{ "{\"text\":null}", "invalid_body text" },
	{ "{\"text\":7}", "invalid_body text" },
	{ "{}", "invalid_body text" },
	{ "{\"text\":\"a\",\"data\":{ \"k\" : [ 1.10 , 1e5, \"a \\\" b\" ] , \"o\":{} }}", "a {\"k\":[1.10,1e5,\"a \\\" b\"],\"o\":{}} - 0 0 0 0" },
	{ "{\"data\":{},\"text\":\"a\"}", "a {} - 0 0 0 0" },
	{ "{\"d\\u0061ta\":{\"x\":12345678901234567},\"text\":\"a\"}", "a {\"x\":12345678901234567} - 0 0 0 0" },
	{ "{\"text\":\"a\",\"data\":[]}", "invalid_body data" },
	{ "{\"text\":\"a\",\"data\":null}", "invalid_body data" },
	{ "{\"text\":\"a\",\"data\":{\"a\":1e999}}", "invalid_body -" },
	{ "{\"text\":\"a\",\"data\":{\"a\":9223372036854775808}}", "a {\"a\":9223372036854775808} - 0 0 0 0" },
	{ "{\"text\":\"a\",\"data\":{\"a\":\"\\u0000\"}}", "invalid_body data" },
	{ "{\"text\":\"a\",\"data\":{\"a\":1e-1000}}", "invalid_body data" },
	{ "{\"text\":\"a\",\"data\":{\"a\":0.00000000000000000000000000000000000000000000000000000000000000001}}", "invalid_body data" },
	{ "{\"text\":\"a\",\"role\":\"owner\"}", "a - owner 0 0 0 0" },
	{ "{\"text\":\"a\",\"role\":\"Owner\"}", "invalid_body role" },
	{ "{\"text\":\"a\",\"role\":1}", "invalid_body role" },
	{ "{\"text\":\"a\",\"id\":\"9223372036854775807\"}", "a - - 9223372036854775807 0 0 0" },
	{ "{\"text\":\"a\",\"id\":\"9223372036854775808\"}", "invalid_body id" },
	{ "{\"text\":\"a\",\"id\":\"0\"}", "invalid_body id" },
	{ "{\"text\":\"a\",\"id\":7}", "invalid_body id" },
	{ "{\"text\":\"a\",\"ids\":[\"1\",\"2\",\"3\"]}", "a - - 0 3 0 0" },
	{ "{\"text\":\"a\",\"ids\":[]}", "invalid_body ids" },
	{ "{\"text\":\"a\",\"ids\":[\"1\",\"2\",\"3\",\"4\"]}", "invalid_body ids" },
	{ "{\"text\":\"a\",\"ids\":[\"1\",2]}", "invalid_body ids" },
	{ "{\"text\":\"a\",\"ids\":\"1\"}", "invalid_body ids" },
	{ "{\"text\":\"a\",\"items\":[{\"id\":\"1\"},{\"mark\":\"3\",\"id\":\"2\"}]}", "a - - 0 0 2 0" },
	{ "{\"text\":\"a\",\"items\":[{\"mark\":\"1\"}]}", "invalid_body id" },
	{ "{\"text\":\"a\",\"items\":[{\"id\":\"1\",\"x\":1}]}", "unknown_field x" },
	{ "{\"text\":\"a\",\"items\":[1]}", "invalid_body -" },
	{ "{\"text\":\"a\",\"items\":[]}", "invalid_body items" },
	{ "{\"text\":\"a\",\"cookie\":true}", "a - - 0 0 0 1" },
	{ "{\"text\":\"a\",\"cookie\":\"true\"}", "invalid_body cookie" },
	{ "{\"text\":\"a\",\"Text\":\"b\"}", "unknown_field Text" },
	{ "{\"text\":\"a\",\"a\\\"b\":1}", "unknown_field a\"b" },
	{ "{\"text\":\"a\",\"text\":\"b\"}", "malformed_json -" },
	{ "{\"text\":\"a\\u0000\"}", "invalid_body text" },
	{ "{\"text\":\"a\",\"role\":\"owner\\u0000\"}", "invalid_body role" },
	{ "{\"text\":\"\xff\"}", "malformed_json -" },
	{ "{\"text\":\"\xed\xa0\x80\"}", "malformed_json -" },
	{ "{\"text\":\"\\ud800\"}", "malformed_json -" },
	{ "{\"text\":\"a\"} {}", "malformed_json -" },
	{ "{\"text\":\"a\"", "malformed_json -" },
	{ "", "malformed_json -" },
	{ "[]", "invalid_body -" },
	{ "\"text\"", "invalid_body -" },
	{ "null", "invalid_body -" },
};

static const char *
or_dash(const char *s)
{
	return s ? s : "-";
}

/* Describes the input or its refusal, as the tables above and below write it. */
static void
describe(struct request *r, bool read, const struct said *s, char *out, size_t size)
{
	if (read) {
		snprintf(out, size, "%s %s %s %ld %d %d %d", or_dash(s->text), or_dash(s->data), or_dash(s->role), (long)s->id, s->ids.count,
			 s->items.count, s->cookie);
		return;
	}
	json_t *problem = json_loadb(r->reply, r->reply_len, 0, NULL);
	assert_non_null(problem);
	snprintf(out, size, "%s %s", json_string_value(json_object_get(problem, "code")),
		 or_dash(json_string_value(json_object_get(problem, "field"))));
	json_decref(problem);
}

static void
test_bodies(void **unused)
{
	char found[1024];

	(void)unused;
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		struct request *r = request_with(bodies[i].body, strlen(bodies[i].body));
		struct said s = { 0 };
		bool read = input_read(r, fields, &s);
		describe(r, read, &s, found, sizeof found);
		if (strcmp(found, bodies[i].said) != 0)
			fail_msg("%s: %s instead of %s", bodies[i].body, found, bodies[i].said);
		request_end(r);
	}
}

static void
test_nothing_required(void **unused)
{
	struct request *r = request_with("", 0);
	int64_t id = 7;
	static const struct field optional[] = { { "id", FIELD_ID, OPTIONAL, .offset = 0 }, { 0 } };

	(void)unused;
	assert_true(input_read(r, optional, &id));
	assert_int_equal(id, 7);
	request_end(r);
}

static void
test_shapes(void **unused)
{
	const char body[] = "{\"kind\":\"group\",\"n\":1}";
	struct request *r = request_with(body, sizeof body - 1);

	(void)unused;
	assert_true(input_has(r, "n"));
	assert_false(input_has(r, "m"));
	assert_true(input_is(r, "kind", "group"));
	assert_false(input_is(r, "kind", "direct"));
	assert_false(input_is(r, "n", "1"));
	request_end(r);
	r = request_with("[", 1);
	assert_false(input_has(r, "n"));
	request_end(r);
}

static void
test_depth(void **unused)
{
	char body[256];

	(void)unused;
	for (int depth = 60; depth < 70; depth++) {
		int n = snprintf(body, sizeof body, "{\"text\":\"a\",\"data\":{\"a\":");
		memset(body + n, '[', (size_t)depth);
		memset(body + n + depth, ']', (size_t)depth);
		strcpy(body + n + 2 * depth, "}}");
		struct request *r = request_with(body, strlen(body));
		struct said s = { 0 };
		assert_int_equal(input_read(r, fields, &s), depth <= 63);
		request_end(r);
	}
}

/* ---- objects that pass through, with blanks of any kind at any place ---- */

struct pen {
	uint64_t *chance;
	char spaced[4096], plain[4096];
	size_t spaced_len, plain_len;
};

static void
pen_put(struct pen *p, const char *token)
{
	static const char *const blanks[] = { "", "", " ", "\n\t", "\r " };

	p->spaced_len += (size_t)sprintf(p->spaced + p->spaced_len, "%s%s", blanks[chance_below(p->chance, 5)], token);
	p->plain_len += (size_t)sprintf(p->plain + p->plain_len, "%s", token);
}

static void
pen_value(struct pen *p, int depth)
{
	static const char *const leaves[] = { "0", "-1.50", "1e3", "true", "null", "\"\"", "\" a, ]}: \\\" \\\\\"", "\"\\u00e9\"", "{}", "[]" };
	int kind = depth > 0 ? (int)chance_below(p->chance, 3) : 2, n = (int)chance_below(p->chance, 4);
	char key[32];

	if (kind == 2) {
		pen_put(p, leaves[chance_below(p->chance, 10)]);
		return;
	}
	pen_put(p, kind ? "[" : "{");
	for (int i = 0; i < n; i++) {
		if (i > 0)
			pen_put(p, ",");
		if (!kind) {
			snprintf(key, sizeof key, "\"k:%d,\"", i);
			pen_put(p, key);
			pen_put(p, ":");
		}
		pen_value(p, depth - 1);
	}
	pen_put(p, kind ? "]" : "}");
}

static void
test_objects(void **unused)
{
	static const struct field any[] = {
		{ "data", FIELD_OBJECT, REQUIRED, 0, 4096, AT(data) },
		{ "id", FIELD_ID, OPTIONAL, AT(id) },
		{ "role", FIELD_CHOICE, OPTIONAL, AT(role), .choices = roles },
		{ 0 },
	};
	static const char *const before[] = { "", "\"id\":\"7\",", " \"role\" : \"owner\" ,", "\"role\":\"owner\",\"id\":\"7\" , " };
	uint64_t chance = chance_seed();
	char body[4096 + 64];

	(void)unused;
	for (int round = 0; round < 3000; round++) {
		struct pen p = { .chance = &chance };
		pen_put(&p, "{\"a\":");
		pen_value(&p, 3);
		pen_put(&p, "}");
		snprintf(body, sizeof body, "{%s\"data\":%s}", before[chance_below(&chance, 4)], p.spaced);
		struct request *r = request_with(body, strlen(body));
		struct said s = { 0 };
		if (!input_read(r, any, &s))
			fail_msg("refused: %s", body);
		assert_string_equal(s.data, p.plain);
		request_end(r);
	}
}

/* Checks that any bytes are read or refused, and that only JSON is read. */
static void
test_noise(void **unused)
{
	static const char alphabet[] = "{}[]\",:\\ \tu0e1-.tdaxn\xc3\xa9";
	uint64_t chance = chance_seed();
	char body[512];

	(void)unused;
	for (int round = 0; round < 60000; round++) {
		size_t n = strlen(strcpy(body, bodies[chance_below(&chance, sizeof bodies / sizeof bodies[0])].body));
		for (size_t changes = 1 + chance_below(&chance, 3); n && changes; changes--)
			body[chance_below(&chance, n)] = alphabet[chance_below(&chance, sizeof alphabet)];
		n -= n ? chance_below(&chance, 2) * chance_below(&chance, n) : 0;
		struct request *r = request_with(body, n);
		struct said s = { 0 };
		if (input_read(r, fields, &s))
			assert_non_null(r->json);
		else
			assert_true(r->status >= 400 && r->status < 500);
		request_end(r);
	}
}

/* ---- queries ---- */

static const struct {
	const char *query, *said; /* expected: text id ids limit, or the refusal */
} queries[] = {
	{ "", "- 0 0 0" },
	{ "text=a+b%21", "a b! 0 0 0" },
	{ "unknown=1&&text=x&", "x 0 0 0" },
	{ "text=a&text=b", "a 0 0 0" },
	{ "textual=a", "- 0 0 0" },
	{ "text", "- 0 0 0" },
	{ "text=", " 0 0 0" },
	{ "text=123456789", "invalid_parameter text" },
	{ "text=%", "invalid_parameter text" },
	{ "text=%4", "invalid_parameter text" },
	{ "text=%zz", "invalid_parameter text" },
	{ "text=%00", "invalid_parameter text" },
	{ "text=%ff", "invalid_parameter text" },
	{ "text=%c3%a9", "\xc3\xa9 0 0 0" },
	{ "id=7&limit=200", "- 7 0 200" },
	{ "id=07", "invalid_parameter id" },
	{ "id=", "invalid_parameter id" },
	{ "id=+7", "invalid_parameter id" },
	{ "limit=0", "invalid_parameter limit" },
	{ "limit=201", "invalid_parameter limit" },
	{ "limit=-1", "invalid_parameter limit" },
	{ "limit=1e1", "invalid_parameter limit" },
	{ "limit=99999999999999999999", "invalid_parameter limit" },
	{ "ids=1,2,3", "- 0 3 0" },
	{ "ids=1%2C2", "- 0 2 0" },
	{ "ids=1,2,3,4", "invalid_parameter ids" },
	{ "ids=1,,2", "invalid_parameter ids" },
	{ "ids=1,", "invalid_parameter ids" },
	{ "ids=", "invalid_parameter ids" },
};

static void
test_queries(void **unused)
{
	char found[1024];

	(void)unused;
	for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
		struct request *r = request_with("", 0);
		struct said s = { 0 };
		r->query = queries[i].query;
		if (parameters_read(r, parameters, &s))
			snprintf(found, sizeof found, "%s %ld %d %ld", or_dash(s.text), (long)s.id, s.ids.count, (long)s.limit);
		else
			describe(r, false, &s, found, sizeof found);
		if (strcmp(found, queries[i].said) != 0)
			fail_msg("%s: %s instead of %s", queries[i].query, found, queries[i].said);
		request_end(r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),	cmocka_unit_test(test_nothing_required), cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_depth),	cmocka_unit_test(test_objects),		 cmocka_unit_test(test_noise),
		cmocka_unit_test(test_queries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
