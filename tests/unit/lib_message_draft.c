/* SPDX-License-Identifier: MIT */
/* Messages before they are stored: their copies, and their columns in a batch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/chat/message_batch.h"

/* Returns a draft whose texts are in blocks of their own, so that ASan finds a read beyond one. */
static struct message_draft
draft_new(void)
{
	return (struct message_draft){ .conversation = 11,
				       .sender = 12,
				       .client_id = strdup("c"),
				       .text = strdup("a \"b\" \\"),
				       .data = strdup("{\"k\":1}"),
				       .mentions = strdup("{7,0}"),
				       .reply_to = 13 };
}

static void
draft_free(struct message_draft *d)
{
	free((char *)d->client_id);
	free((char *)d->text);
	free((char *)d->data);
	free((char *)d->mentions);
}

static void
expect_params(struct message_batch *b, const char *const *expected)
{
	for (int i = 0; i < MESSAGE_BATCH_PARAMS; i++)
		assert_string_equal(message_batch_param(b, i), expected[i]);
}

/* Checks that a copy has all members, and lives when the original ends. */
static void
test_copy(void **unused)
{
	static const char *const expected[] = {
		"{11}", "{12}", "{\"c\"}", "{\"a \\\"b\\\" \\\\\"}", "{\"{\\\"k\\\":1}\"}", "{13}", "{\"{7,0}\"}", "0"
	};
	struct message_draft d = draft_new(), copy;
	struct message_batch b = { 0 };
	char *memory = malloc(message_draft_bytes(&d));

	(void)unused;
	message_draft_copy(&d, &copy, memory);
	draft_free(&d);
	message_batch_add(&b, &copy);
	expect_params(&b, expected);
	message_batch_free(&b);
	free(memory);
}

static void
test_absent(void **unused)
{
	static const char *const expected[] = { "{11,11}",     "{12,12}",     "{\"c\",\"c\"}", "{\"\",\"\"}",
						"{NULL,NULL}", "{NULL,NULL}", "{NULL,NULL}",   "100" };
	struct message_draft d = { .conversation = 11, .sender = 12, .client_id = "c", .text = "" }, copy;
	struct message_batch b = { 0 };
	char memory[3];

	(void)unused;
	assert_int_equal(message_draft_bytes(&d), sizeof memory);
	message_draft_copy(&d, &copy, memory);
	message_batch_add(&b, &d);
	message_batch_add(&b, &copy);
	message_batch_wait(&b, 100);
	expect_params(&b, expected);
	message_batch_free(&b);
}

static void
test_check(void **unused)
{
	struct message_draft d = { .text = "" };
	struct field_fault fault;

	(void)unused;
	assert_false(message_draft_check(&d, &fault));
	assert_int_equal(fault.error, ERROR_INVALID_BODY);
	assert_string_equal(fault.field, "text");
	d.data = "{}";
	assert_true(message_draft_check(&d, &fault));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_copy), cmocka_unit_test(test_absent), cmocka_unit_test(test_check) };

	return cmocka_run_group_tests_name("message_draft", tests, NULL, NULL);
}
