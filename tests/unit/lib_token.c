/* SPDX-License-Identifier: MIT */
/* Access tokens: those that are ours, and those that only look like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jwt.h>
#include <sodium.h>

#include "lib/auth/secret.h"
#include "lib/base/settings.h"
#include "lib/auth/token.h"

#define HEAD "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS(iss, aud, sub, did, exp) "{\"iss\":" iss ",\"aud\":" aud ",\"sub\":" sub ",\"did\":" did ",\"jti\":\"x\",\"exp\":" exp "}"

static char folder[] = "/tmp/banter-token.XXXXXX";
static unsigned char key[SECRET_BYTES];

/* Tokens with a valid signature. */
static const struct row {
	const char *head, *claims;
	enum token_verdict verdict;
} rows[] = {
	{ HEAD, CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "9999999999"), TOKEN_GOOD },
	{ HEAD, "{\"exp\":9999999999,\"did\":\"8\",\"sub\":\"7\",\"aud\":\"banter\",\"iss\":\"banter\"}", TOKEN_GOOD },
	{ HEAD, CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "1000"), TOKEN_EXPIRED },
	{ HEAD, CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "0"), TOKEN_BAD },
	{ HEAD, CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "-1"), TOKEN_BAD },
	{ HEAD, CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "\"9999999999\""), TOKEN_BAD },
	{ HEAD, CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "99999999999999999999"), TOKEN_BAD },
	{ HEAD, CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"x\"", "9999999999"), TOKEN_BAD },
	{ HEAD, CLAIMS("\"banter\"", "\"banter\"", "\"\"", "\"8\"", "9999999999"), TOKEN_BAD },
	{ HEAD, CLAIMS("\"banter\"", "\"banter\"", "7", "\"8\"", "9999999999"), TOKEN_BAD },
	{ HEAD, CLAIMS("\"banter\"", "\"others\"", "\"7\"", "\"8\"", "9999999999"), TOKEN_BAD },
	{ HEAD, CLAIMS("\"banters\"", "\"banter\"", "\"7\"", "\"8\"", "9999999999"), TOKEN_BAD },
	{ HEAD, "{\"aud\":\"banter\",\"sub\":\"7\",\"did\":\"8\",\"exp\":9999999999}", TOKEN_BAD },
	{ HEAD, "{\"iss\":\"banter\",\"sub\":\"7\",\"did\":\"8\",\"exp\":9999999999}", TOKEN_BAD },
	{ HEAD, "{\"iss\":\"banter\",\"aud\":\"banter\",\"did\":\"8\",\"exp\":9999999999}", TOKEN_BAD },
	{ HEAD, "{\"iss\":\"banter\",\"aud\":\"banter\",\"sub\":\"7\",\"exp\":9999999999}", TOKEN_BAD },
	{ HEAD, "{\"iss\":\"banter\",\"aud\":\"banter\",\"sub\":\"7\",\"did\":\"8\"}", TOKEN_BAD },
	{ HEAD, "{\"iss\":\"banter\",\"aud\":\"banter\",\"sub\":\"7\",\"did\":\"8\",\"exp\":9999999999", TOKEN_BAD },
	{ HEAD, "{\"iss\":\"banter\",\"aud\":\"banter\",\"exp\":9999999999,\"did\":\"8\",\"sub\":\"7", TOKEN_BAD },
	{ HEAD, CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "9999999999,\"nbf\":1000"), TOKEN_GOOD },
	{ HEAD, CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "9999999999,\"nbf\":9999999998"), TOKEN_BAD },
	{ HEAD, CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "9999999999,\"nbf\":\"1000\""), TOKEN_BAD },
	{ "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":true}", CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "9999999999"), TOKEN_BAD },
	{ "{\"alg\":\"HS256\",\"crit\":[]}", CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "9999999999"), TOKEN_BAD },
	{ HEAD, "", TOKEN_BAD },
	{ "{\"alg\":\"none\",\"typ\":\"JWT\"}", CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "9999999999"), TOKEN_BAD },
	{ "{\"alg\":\"HS512\",\"typ\":\"JWT\"}", CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "9999999999"), TOKEN_BAD },
	{ "", CLAIMS("\"banter\"", "\"banter\"", "\"7\"", "\"8\"", "9999999999"), TOKEN_BAD },
};

static void
part_add(char *text, const void *bytes, size_t n)
{
	size_t len = strlen(text);

	sodium_bin2base64(text + len, TOKEN_BYTES - len, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void
sign(const char *head, const char *claims, char out[TOKEN_BYTES])
{
	unsigned char mark[crypto_auth_hmacsha256_BYTES];

	out[0] = '\0';
	part_add(out, head, strlen(head));
	strcat(out, ".");
	part_add(out, claims, strlen(claims));
	crypto_auth_hmacsha256(mark, (const unsigned char *)out, strlen(out), key);
	strcat(out, ".");
	part_add(out, mark, sizeof mark);
}

static void
test_claims(void **state)
{
	char text[TOKEN_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct token token = { 0 };
		sign(rows[i].head, rows[i].claims, text);
		if (token_check(text, strlen(text), &token) != rows[i].verdict)
			fail_msg("%s %s", rows[i].head, rows[i].claims);
		if (rows[i].verdict == TOKEN_GOOD) {
			assert_int_equal(token.user, 7);
			assert_int_equal(token.device, 8);
			assert_int_equal(token.expires, 9999999999);
		}
	}
}

/* Checks that a token is refused however it is cut or changed. */
static void
test_text(void **state)
{
	char text[TOKEN_BYTES], other[TOKEN_BYTES + 1];
	struct token token;

	(void)state;
	assert_true(token_make(7, 8, text));
	size_t n = strlen(text);
	assert_int_equal(token_check(text, n, &token), TOKEN_GOOD);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(token_check(text, i, &token), TOKEN_BAD);
		for (const char *c = "A.=\xff"; *c; c++) {
			strcpy(other, text);
			other[i] = other[i] == *c ? 'B' : *c;
			assert_int_equal(token_check(other, n, &token), TOKEN_BAD);
		}
	}
	assert_int_equal(token_check(text, n + 1, &token), TOKEN_BAD);
	memset(other, 'A', sizeof other);
	assert_int_equal(token_check(other, sizeof other, &token), TOKEN_BAD);
}

/* Checks that a token is a common JWT and names its audience. */
static void
test_made(void **state)
{
	char text[TOKEN_BYTES];
	struct token token;
	jwt_t *jwt = NULL;

	(void)state;
	assert_true(token_make(INT64_MAX, 8, text));
	assert_int_equal(token_check(text, strlen(text), &token), TOKEN_GOOD);
	assert_int_equal(token.user, INT64_MAX);
	assert_int_equal(token.device, 8);
	assert_int_equal(jwt_decode(&jwt, text, key, sizeof key), 0);
	assert_string_equal(jwt_get_grant(jwt, "sub"), "9223372036854775807");
	assert_string_equal(jwt_get_grant(jwt, "did"), "8");
	assert_int_equal(jwt_get_grant_int(jwt, "exp"), token.expires);
	jwt_free(jwt);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_claims), cmocka_unit_test(test_text), cmocka_unit_test(test_made) };
	char command[64];

	if (sodium_init() < 0 || !mkdtemp(folder))
		return 1;
	settings.secrets_dir = folder;
	settings.token_seconds = 900;
	token_open();
	secret_load("jwt.key", key);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command) != 0 || failed;
}
