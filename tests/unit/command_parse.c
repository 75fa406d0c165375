/* SPDX-License-Identifier: MIT */
/* Messages of clients on a WebSocket: parsing, refusals, and the text of refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "push/wire/command_parse.h"

#include "chance.h"

static uint64_t seed;

#define TENS "1e308,1e308,1e308,1e308,1e308,1e308,1e308,1e308,1e308,1e308,"
#define HUNDREDS TENS TENS TENS TENS TENS TENS
#define SEND(rest) "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"c\"," rest "}"

/* clang-format off */
/* A text with the result in the words of describe(), or its refusal: code, field and client_id. */
static const struct row {
	const char *name;
	const char *text;
	size_t len;
	const char *expected;
} rows[] = {
#define R(name, text, expected) { name, text, sizeof text - 1, expected }
	R("auth", "{\"type\":\"auth\",\"token\":\"t.t\"}", "auth token=t.t"),
	R("auth with a cursor", "{\"type\":\"auth\",\"token\":\"t\",\"cursor\":\"AQ\"}", "auth token=t cursor=2:AQ"),
	R("auth in another order", "{\"cursor\":\"AQ\",\"token\":\"t\",\"type\":\"auth\"}", "auth token=t cursor=2:AQ"),
	R("auth without a token", "{\"type\":\"auth\"}", "! invalid_body token"),
	R("auth with an empty token", "{\"type\":\"auth\",\"token\":\"\"}", "! invalid_body token"),
	R("auth with an empty cursor", "{\"type\":\"auth\",\"token\":\"t\",\"cursor\":\"\"}", "! invalid_body cursor"),
	R("auth with null for a cursor", "{\"type\":\"auth\",\"token\":\"t\",\"cursor\":null}", "! invalid_body cursor"),
	R("auth with a token that is a number", "{\"type\":\"auth\",\"token\":5}", "! invalid_body token"),
	R("auth with a NUL in the token", "{\"type\":\"auth\",\"token\":\"t\\u0000x\"}", "! invalid_body token"),

	R("ack", "{\"type\":\"ack\",\"cursor\":\"AQ\"}", "ack cursor=2:AQ"),
	R("ack without a cursor", "{\"type\":\"ack\"}", "! invalid_body cursor"),
	R("ack with a token", "{\"type\":\"ack\",\"cursor\":\"AQ\",\"token\":\"t\"}", "! unknown_field token"),

	R("heartbeat", "{\"type\":\"heartbeat\"}", "heartbeat online"),
	R("heartbeat online", "{\"type\":\"heartbeat\",\"status\":\"online\"}", "heartbeat online"),
	R("heartbeat away", "{\"type\":\"heartbeat\",\"status\":\"away\"}", "heartbeat away"),
	R("heartbeat offline", "{\"type\":\"heartbeat\",\"status\":\"offline\"}", "! invalid_body status"),
	R("heartbeat with a longer away", "{\"type\":\"heartbeat\",\"status\":\"away\\u0000\"}", "! invalid_body status"),
	R("heartbeat with true", "{\"type\":\"heartbeat\",\"status\":true}", "! invalid_body status"),

	R("typing", "{\"type\":\"typing\",\"conversation_id\":\"383456945111040311\"}", "typing conversation=383456945111040311"),
	R("typing nowhere", "{\"type\":\"typing\"}", "! invalid_body conversation_id"),
	R("an id as a number", "{\"type\":\"typing\",\"conversation_id\":9}", "! invalid_body conversation_id"),
	R("an id of 0", "{\"type\":\"typing\",\"conversation_id\":\"0\"}", "! invalid_body conversation_id"),
	R("an id with a leading zero", "{\"type\":\"typing\",\"conversation_id\":\"09\"}", "! invalid_body conversation_id"),
	R("an id with a sign", "{\"type\":\"typing\",\"conversation_id\":\"-9\"}", "! invalid_body conversation_id"),
	R("an id with a blank", "{\"type\":\"typing\",\"conversation_id\":\" 9\"}", "! invalid_body conversation_id"),
	R("an id with a NUL behind it", "{\"type\":\"typing\",\"conversation_id\":\"9\\u0000\"}", "! invalid_body conversation_id"),
	R("the largest id", "{\"type\":\"typing\",\"conversation_id\":\"9223372036854775807\"}", "typing conversation=9223372036854775807"),
	R("a larger id", "{\"type\":\"typing\",\"conversation_id\":\"9223372036854775808\"}", "! invalid_body conversation_id"),

	R("presence.watch", "{\"type\":\"presence.watch\",\"user_ids\":[\"1\",\"2\",\"2\"]}", "presence.watch users=1,2,2,"),
	R("presence.watch nobody", "{\"type\":\"presence.watch\",\"user_ids\":[]}", "presence.watch users="),
	R("presence.watch without a list", "{\"type\":\"presence.watch\",\"user_ids\":\"1\"}", "! invalid_body user_ids"),
	R("presence.watch an object", "{\"type\":\"presence.watch\",\"user_ids\":{\"1\":\"1\"}}", "! invalid_body user_ids"),
	R("presence.watch a number", "{\"type\":\"presence.watch\",\"user_ids\":[\"1\",2]}", "! invalid_body user_ids"),

	R("message.send", SEND("\"text\":\"hi\""), "message.send conversation=9 client=c text=2:hi"),
	R("message.send of everything", SEND("\"text\":\"hi\",\"data\":{\"a\":1},\"reply_to\":\"8\""), "message.send conversation=9 client=c text=2:hi data={\"a\":1} reply=8"),
	R("message.send of far-away characters", SEND("\"text\":\"\\ud83d\\ude00\xe2\x82\xac\""), "message.send conversation=9 client=c text=7:\xf0\x9f\x98\x80\xe2\x82\xac"),
	R("message.send of data alone", SEND("\"text\":\"\",\"data\":{}"), "message.send conversation=9 client=c text=0: data={}"),
	R("message.send of nothing", SEND("\"text\":\"\""), "! invalid_body text c"),
	R("message.send without a text", SEND("\"data\":{}"), "! invalid_body text c"),
	R("message.send with null for a text", SEND("\"text\":null"), "! invalid_body text c"),
	R("message.send with a NUL", SEND("\"text\":\"a\\u0000b\""), "! invalid_body text c"),
	R("message.send with a list of data", SEND("\"text\":\"hi\",\"data\":[]"), "! invalid_body data c"),
	R("message.send with a text of data", SEND("\"text\":\"hi\",\"data\":\"x\""), "! invalid_body data c"),
	R("message.send with null for data", SEND("\"text\":\"hi\",\"data\":null"), "! invalid_body data c"),
	R("message.send with a NUL in data", SEND("\"text\":\"hi\",\"data\":{\"a\":[{\"b\":\"\\u0000\"}]}"), "! invalid_body data c"),
	R("message.send with mentions", SEND("\"text\":\"hi\",\"mentions\":[\"7\",\"0\"]"), "message.send conversation=9 client=c text=2:hi mentions={7,0}"),
	R("message.send that mentions nobody", SEND("\"text\":\"hi\",\"mentions\":[]"), "message.send conversation=9 client=c text=2:hi mentions={}"),
	R("message.send with a name for a mention", SEND("\"text\":\"hi\",\"mentions\":[\"bob\"]"), "! invalid_body mentions c"),
	R("message.send with null for reply_to", SEND("\"text\":\"hi\",\"reply_to\":null"), "! invalid_body reply_to c"),
	R("message.send without a client_id", "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"text\":\"hi\"}", "! invalid_body client_id"),
	R("message.send with an empty client_id", "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"\",\"text\":\"hi\"}", "! invalid_body client_id"),
	R("message.send with a NUL in client_id", "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"a\\u0000\",\"text\":\"hi\"}", "! invalid_body client_id"),
	R("message.send nowhere", "{\"type\":\"message.send\",\"client_id\":\"c\",\"text\":\"hi\"}", "! invalid_body conversation_id c"),
	R("message.send with an unknown field", SEND("\"text\":\"hi\",\"mood\":\"good\""), "! unknown_field mood c"),
	R("message.send with an unknown field first", "{\"mood\":1,\"type\":\"message.send\",\"client_id\":\"d\"}", "! unknown_field mood d"),
	R("each refusal carries the client_id", "{\"type\":\"ack\",\"client_id\":\"c\"}", "! unknown_field client_id c"),

	R("data without its blanks", SEND("\"text\":\"\",\"data\": { \"a b\" :\t[ 1 ,\r\n2 ] , \"\\\" { \" : \" x } \" }"), "message.send conversation=9 client=c text=0: data={\"a b\":[1,2],\"\\\" { \":\" x } \"}"),
	R("data keeps its numbers", SEND("\"text\":\"\",\"data\":{\"a\":0.1,\"b\":1.10,\"c\":1e2,\"d\":12345678901234567890,\"e\":-0}"),
	  "message.send conversation=9 client=c text=0: data={\"a\":0.1,\"b\":1.10,\"c\":1e2,\"d\":12345678901234567890,\"e\":-0}"),
	R("data that is spelled out to more than its limit", SEND("\"text\":\"\",\"data\":{\"a\":[" HUNDREDS "0]}"), "! invalid_body data c"),
	R("data with the largest exponents", SEND("\"text\":\"\",\"data\":{\"a\":[1e100,-1.5E-300,1e+007,0e-0]}"),
	  "message.send conversation=9 client=c text=0: data={\"a\":[1e100,-1.5E-300,1e+007,0e-0]}"),
	R("data with a number that the database cannot hold", SEND("\"text\":\"\",\"data\":{\"a\":1e-20000}"), "! invalid_body data c"),
	R("data with an exponent of four digits", SEND("\"text\":\"\",\"data\":{\"a\":[0,0E+0001]}"), "! invalid_body data c"),
	R("data with an exponent in a text", SEND("\"text\":\"\",\"data\":{\"a\":\"1e-20000\"}"), "message.send conversation=9 client=c text=0: data={\"a\":\"1e-20000\"}"),
	R("data keeps its order and nulls", SEND("\"text\":\"\",\"data\":{\"z\":null,\"a\":{\"y\":true,\"b\":[]}}"), "message.send conversation=9 client=c text=0: data={\"z\":null,\"a\":{\"y\":true,\"b\":[]}}"),
	R("data keeps its backslashes", SEND("\"text\":\"\",\"data\":{\"a\\\\\":\"\\\\\",\"b\":\"\\\"\"}"), "message.send conversation=9 client=c text=0: data={\"a\\\\\":\"\\\\\",\"b\":\"\\\"\"}"),
	R("data by another spelling of its name", SEND("\"text\":\"data\",\"d\\u0061ta\":{\"data\":1}"), "message.send conversation=9 client=c text=4:data data={\"data\":1}"),
	R("data first, with blanks around it", " { \"data\" : { \"x\" : \"}\" } , \"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"c\",\"text\":\"\"}\n", "message.send conversation=9 client=c text=0: data={\"x\":\"}\"}"),

	R("nothing", "", "! malformed_json"),
	R("blanks", "  ", "! malformed_json"),
	R("no JSON", "hello", "! malformed_json"),
	R("a list", "[{\"type\":\"heartbeat\"}]", "! invalid_body"),
	R("a text", "\"heartbeat\"", "! invalid_body"),
	R("null", "null", "! invalid_body"),
	R("an empty object", "{}", "! unknown_type type"),
	R("no type", "{\"token\":\"t\"}", "! unknown_type type"),
	R("an unknown type", "{\"type\":\"auths\"}", "! unknown_type type"),
	R("an unknown type with a client_id", "{\"type\":\"message.edit\",\"client_id\":\"c\"}", "! unknown_type type c"),
	R("a type with a NUL behind it", "{\"type\":\"heartbeat\\u0000\"}", "! unknown_type type"),
	R("a type that is a number", "{\"type\":1}", "! unknown_type type"),
	R("a type that is a list", "{\"type\":[\"heartbeat\"]}", "! unknown_type type"),
	R("two objects", "{\"type\":\"heartbeat\"}{\"type\":\"heartbeat\"}", "! malformed_json"),
	R("half an object", "{\"type\":\"heartbeat\"", "! malformed_json"),
	R("a comma too many", "{\"type\":\"heartbeat\",}", "! malformed_json"),
	R("single quotes", "{'type':'heartbeat'}", "! malformed_json"),
	R("a comment", "{\"type\":\"heartbeat\"/**/}", "! malformed_json"),
	R("a byte order mark", "\xef\xbb\xbf{\"type\":\"heartbeat\"}", "! malformed_json"),
	R("a NUL behind a number", "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"a\",\"text\":\"hi\",\"data\":{\"a\":[1\0,2]}}", "! malformed_json a"),
	R("a name twice", "{\"type\":\"heartbeat\",\"status\":\"away\",\"status\":\"online\"}", "! malformed_json"),
	R("the type twice", "{\"type\":\"heartbeat\",\"type\":\"heartbeat\"}", "! malformed_json"),
	R("a name twice in data", SEND("\"text\":\"\",\"data\":{\"a\":1,\"\\u0061\":2}"), "! malformed_json c"),
	R("a NUL in a name", "{\"type\":\"heartbeat\",\"a\\u0000\":1}", "! malformed_json"),
	R("a NUL behind the object", "{\"type\":\"heartbeat\"}\0", "! malformed_json"),
	R("half a surrogate pair", SEND("\"text\":\"\\ud83d\""), "! malformed_json c"),
	R("the wrong half first", SEND("\"text\":\"\\ude00\\ud83d\""), "! malformed_json c"),
	R("bytes that are not UTF-8", SEND("\"text\":\"\xff\""), "! malformed_json c"),
	R("overlong bytes", SEND("\"text\":\"\xc0\xaf\""), "! malformed_json c"),
	R("a line break in a text", SEND("\"text\":\"a\nb\""), "! malformed_json c"),
	R("a number with a leading zero", SEND("\"text\":\"\",\"data\":{\"a\":01}"), "! malformed_json c"),
	R("a number beyond a double", SEND("\"text\":\"\",\"data\":{\"a\":1e999}"), "! invalid_body c"),
	R("half an object with a client_id that is no text", "{\"client_id\":7,", "! malformed_json"),
	R("half a client_id", "{\"client_id\":\"c", "! malformed_json"),
	R("a client_id and nothing behind", "{\"client_id\":", "! malformed_json"),
	R("not a number", SEND("\"text\":\"\",\"data\":{\"a\":NaN}"), "! malformed_json c"),
#undef R
};
/* clang-format on */

/* Describes a message, or its refusal, in one line. */
static void
describe(const char *text, size_t n, char *line, size_t room)
{
	static const char *const names[] = { "auth", "ack", "heartbeat", "typing", "presence.watch", "message.send" };
	char *copy = malloc(n);
	struct command_error error;
	struct command command;
	FILE *to = fmemopen(line, room, "w");

	memset(&command, 0xa5, sizeof command);
	memset(&error, 0xa5, sizeof error);
	if (n)
		memcpy(copy, text, n);
	if (command_parse(copy, n, &command, &error)) {
		free(copy);
		fputs(names[command.type], to);
		if (command.token)
			fprintf(to, " token=%s", command.token);
		if (command.cursor)
			fprintf(to, " cursor=%zu:%s", strlen(command.cursor), command.cursor);
		if (command.type == COMMAND_HEARTBEAT)
			fprintf(to, " %s", command.status ? command.status : "online");
		if (command.conversation || command.draft.conversation)
			fprintf(to, " conversation=%lld", (long long)(command.conversation | command.draft.conversation));
		if (command.users.list)
			fputs(" users=", to);
		for (int i = 0; i < command.users.count; i++)
			fprintf(to, "%lld,", (long long)command.users.list[i]);
		if (command.draft.client_id)
			fprintf(to, " client=%s text=%zu:%s", command.draft.client_id, strlen(command.draft.text), command.draft.text);
		if (command.draft.data)
			fprintf(to, " data=%s", command.draft.data);
		if (command.draft.mentions)
			fprintf(to, " mentions=%s", command.draft.mentions);
		if (command.draft.reply_to)
			fprintf(to, " reply=%lld", (long long)command.draft.reply_to);
		command_free(&command);
	} else {
		free(copy);
		fprintf(to, "! %s%s%s%s%s", error_row(error.error)->code, *error.field ? " " : "", error.field, *error.client_id ? " " : "",
			error.client_id);
	}
	fputc('\0', to);
	fclose(to);
}

static void
expect(const char *text, size_t n, const char *expected)
{
	static char line[1 << 20];

	describe(text, n, line, sizeof line);
	assert_string_equal(line, expected);
}

static void
test_row(void **state)
{
	const struct row *row = *state;

	expect(row->text, row->len, row->expected);
}

/* Returns a frame with `count` times `unit` between two parts. The caller frees it. */
static char *
frame_of(const char *before, const char *unit, size_t count, const char *after, size_t *n)
{
	char *text;
	FILE *to = open_memstream(&text, n);

	fputs(before, to);
	while (count--)
		fputs(unit, to);
	fputs(after, to);
	fclose(to);
	return text;
}

/* Checks the largest value that is accepted, and the refusal of one more. */
static void
test_sizes(void **state)
{
	/* clang-format off */
	static const struct {
		const char *before, *unit, *after;
		size_t most;
		const char *refusal;
	} sizes[] = {
		{ "{\"type\":\"auth\",\"token\":\"", "t", "\"}", 4096, "! invalid_body token" },
		{ "{\"type\":\"ack\",\"cursor\":\"", "A", "\"}", LIMIT_CURSOR_BYTES, "! invalid_body cursor" },
		{ "{\"type\":\"presence.watch\",\"user_ids\":[\"1\"", ",\"1\"", "]}", LIMIT_PRESENCE_USERS - 1, "! invalid_body user_ids" },
		{ "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"c\",\"text\":\"x\",\"mentions\":[\"1\"", ",\"1\"", "]}", LIMIT_MENTIONS - 1, "! too_many_mentions mentions c" },
		{ "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"text\":\"x\",\"client_id\":\"", "c", "\"}", LIMIT_CLIENT_ID_BYTES, "! invalid_body client_id" },
		{ "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"text\":\"x\",\"client_id\":\"", "\xc3\xa9", "\"}", LIMIT_CLIENT_ID_BYTES / 2, "! invalid_body client_id" },
		{ "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"c\",\"text\":\"", "x", "\"}", LIMIT_TEXT_BYTES, "! text_too_long text c" },
		{ "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"c\",\"text\":\"", "\\u20ac", "\"}", LIMIT_TEXT_BYTES / 3, "! text_too_long text c" },
		{ "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"c\",\"text\":\"\",\"data\":{\"a\":\"", "x", "\"}}", LIMIT_DATA_BYTES - 8, "! invalid_body data c" },
		{ "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"c\",\"text\":\"\",\"data\":{\"a\":0.", "3", "}}", 62, "! invalid_body data c" },
		{ "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"c\",\"text\":\"\",\"data\":{ \"a\" : [0", " , 0", "] } }", LIMIT_DATA_BYTES / 2 - 5, "! invalid_body data c" },
		{ "{\"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"c\",\"text\":\"\",\"data\":{\"a\":", "", "1}}", 1, NULL },
	};
	/* clang-format on */
	static char line[1 << 20];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (size_t over = 0; over < 2; over++) {
			char *text = frame_of(sizes[i].before, sizes[i].unit, sizes[i].most + over, sizes[i].after, &n);
			describe(text, n, line, sizeof line);
			if (over && sizes[i].refusal)
				assert_string_equal(line, sizes[i].refusal);
			else
				assert_true(line[0] != '!');
			free(text);
		}
}

static void
test_depth(void **state)
{
	static char line[1 << 16];
	char *text, *closing;
	size_t n;

	(void)state;
	for (size_t depth = 1; depth <= 3000; depth = depth < 70 ? depth + 1 : depth * 3) {
		closing = frame_of("", "]", depth, "}}", &n);
		text = frame_of("{\"type\":\"message.send\",\"conversation_id\":\"9\",\"client_id\":\"c\",\"text\":\"\",\"data\":{\"a\":", "[", depth,
				closing, &n);
		describe(text, n, line, sizeof line);
		if (depth < 64)
			assert_true(line[0] != '!');
		else
			assert_string_equal(line, depth < 2000 ? "! invalid_body data c" : "! invalid_body c");
		free(closing);
		free(text);
	}
}

/* Checks that a long field name of the client is cut off between two characters. */
static void
test_long_names(void **state)
{
	static const char *const units[] = { "x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
	struct command_error error;
	struct command command;
	size_t n;

	(void)state;
	for (size_t unit = 0; unit < 4; unit++)
		for (size_t count = 1; count < 80; count++) {
			char *text = frame_of("{\"type\":\"heartbeat\",\"", units[unit], count, "\":1}", &n);
			size_t whole = count < 63 / (unit + 1) ? count : 63 / (unit + 1);

			assert_false(command_parse(text, n, &command, &error));
			assert_int_equal(error.error, ERROR_UNKNOWN_FIELD);
			assert_int_equal(strlen(error.field), whole * (unit + 1));
			assert_memory_equal(error.field, text + 21, whole * (unit + 1));
			free(text);
		}
}

/* Checks that data is found among members of any number and order. */
static void
test_data_is_found(void **state)
{
	static const char *const members[] = { "\"type\":\"message.send\"", "\"conversation_id\":\"9\"",
					       "\"client_id\":\"c\"",	    "\"text\":\"{\\\"data\\\":[,]\\\\\"",
					       "\"reply_to\":\"8\"",	    "\"data\":{\"data\":[{\"x\":\"}],\\\\\"},[]]}" };
	char text[512];

	(void)state;
	for (int round = 0; round < 500; round++) {
		int order[6] = { 0, 1, 2, 3, 4, 5 }, n = 0;

		for (size_t i = 5; i > 0; i--) {
			size_t j = chance_below(&seed, i + 1);
			int swap = order[i];
			order[i] = order[j];
			order[j] = swap;
		}
		for (int i = 0; i < 6; i++)
			n += sprintf(text + n, "%s%.*s%s", i ? "," : "{", (int)chance_below(&seed, 3), "  ", members[order[i]]);
		n += sprintf(text + n, "}");
		expect(text, (size_t)n,
		       "message.send conversation=9 client=c text=12:{\"data\":[,]\\ data={\"data\":[{\"x\":\"}],\\\\\"},[]]} reply=8");
	}
}

/*
 * Checks noise. An accepted frame has the same JSON as data, without blanks. A refusal has all its
 * parts.
 */
static void
test_noise(void **state)
{
	static const char good[] =
		"{ \"type\":\"message.send\", \"conversation_id\":\"9\", \"client_id\":\"c\\\\\", \"text\":\"\\\"a\", \"data\": {\"a\" : [1, 2.50, {\"b\":\"\\\"}\"}], \"c\":{}} }";
	static const char likely[] = "{}[]\",:\\ \t0ue1\x80\xc3";
	char text[sizeof good];
	struct command_error error;
	int taken = 0;
	struct command command;

	(void)state;
	for (int round = 0; round < 30000; round++) {
		size_t n = sizeof good - 1 - (chance_below(&seed, 10) ? 0 : chance_below(&seed, 20));

		memcpy(text, good, sizeof good);
		for (size_t changes = chance_below(&seed, 4); changes > 0; changes--)
			text[chance_below(&seed, n)] = likely[chance_below(&seed, sizeof likely - 1)];
		if (!command_parse(text, n, &command, &error)) {
			assert_int_not_equal(error.error, ERROR_NONE);
			assert_true(strlen(error.field) < sizeof error.field);
			continue;
		}
		json_t *whole = json_loadb(text, n, 0, NULL),
		       *data = command.draft.data ? json_loads(command.draft.data, JSON_REJECT_DUPLICATES, NULL) : NULL;
		assert_true(json_equal(json_object_get(whole, "data"), data) || !command.draft.data);
		taken++;
		json_decref(whole);
		json_decref(data);
		command_free(&command);
	}
	assert_true(taken > 5000);
}

enum { ROWS = sizeof rows / sizeof rows[0] };

int
main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_sizes),	      cmocka_unit_test(test_depth), cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_data_is_found), cmocka_unit_test(test_noise),
	};
	enum { OTHERS = sizeof others / sizeof others[0] };
	struct CMUnitTest tests[ROWS + OTHERS];

	seed = chance_seed();
	for (int i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[i] };
	memcpy(tests + ROWS, others, sizeof others);
	return _cmocka_run_group_tests("command_parse", tests, ROWS + OTHERS, NULL, NULL);
}
