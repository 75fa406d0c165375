/* SPDX-License-Identifier: MIT */
/* Refresh tokens, made with BLAKE2b of libsodium. */
#include "lib/auth/device_token.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "lib/auth/secret.h"
#include "lib/auth/token.h"
#include "lib/base/id.h"

enum {
	KEY_BYTES = 32,
	SIGNATURE_BYTES = 16,
	SIGNATURE_TEXT_BYTES = 23, /* base64url, with NUL */
};

static const char form[] = "r2.";

/*
 * The keys, one for each use, so that the output for one use is never valid for another. New tokens
 * use the keys of the first signing key.
 */
static struct {
	unsigned char successor[KEY_BYTES], number[KEY_BYTES];
	unsigned char signatures[SIGNING_KEYS][KEY_BYTES];
	int signature_count;
} keys;

static void
key_derive(const unsigned char master[SECRET_BYTES], const char *use, unsigned char out[KEY_BYTES])
{
	crypto_generichash(out, KEY_BYTES, (const unsigned char *)use, strlen(use), master, SECRET_BYTES);
}

void
device_tokens_open(void)
{
	unsigned char masters[SIGNING_KEYS][SECRET_BYTES];

	keys.signature_count = secret_load_signing(masters);
	key_derive(masters[0], "refresh token: successor", keys.successor);
	key_derive(masters[0], "number", keys.number);
	for (int i = 0; i < keys.signature_count; i++)
		key_derive(masters[i], "refresh token: signature", keys.signatures[i]);
	sodium_memzero(masters, sizeof masters);
}

/* Signs the first n bytes of a token. */
static void
token_sign(const unsigned char key[KEY_BYTES], const char *text, size_t n, char out[SIGNATURE_TEXT_BYTES])
{
	unsigned char signature[SIGNATURE_BYTES];

	crypto_generichash(signature, sizeof signature, (const unsigned char *)text, n, key, KEY_BYTES);
	sodium_bin2base64(out, SIGNATURE_TEXT_BYTES, signature, sizeof signature, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void
token_write(int64_t device, int32_t generation, const char *secret, char out[DEVICE_TOKEN_BYTES])
{
	char signature[SIGNATURE_TEXT_BYTES];
	int n = snprintf(out, DEVICE_TOKEN_BYTES, "%s%" PRId64 ".%" PRId32 ".%s", form, device, generation, secret);

	assert(n > 0 && n + 1 + SIGNATURE_TEXT_BYTES <= DEVICE_TOKEN_BYTES);
	token_sign(keys.signatures[0], out, (size_t)n, signature);
	out[n] = '.';
	strcpy(out + n + 1, signature);
}

void
device_token_first(int64_t device, char out[DEVICE_TOKEN_BYTES])
{
	char secret[RANDOM_TOKEN_BYTES];

	token_random(secret);
	token_write(device, 1, secret, out);
}

void
device_token_next(const char *text, const struct device_token *of, char out[DEVICE_TOKEN_BYTES])
{
	unsigned char hash[32];
	char secret[RANDOM_TOKEN_BYTES];

	crypto_generichash(hash, sizeof hash, (const unsigned char *)text, strlen(text), keys.successor, KEY_BYTES);
	sodium_bin2base64(secret, sizeof secret, hash, sizeof hash, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	token_write(of->device, of->generation < INT32_MAX ? of->generation + 1 : INT32_MAX, secret, out);
}

/* Parses a number up to a dot, and moves behind the dot. */
static bool
number_take(const char **at, int64_t most, int64_t *out)
{
	size_t n = strcspn(*at, ".");

	if ((*at)[n] != '.' || !id_parse(*at, n, out) || *out > most)
		return false;
	*at += n + 1;
	return true;
}

/* Returns whether one of the signing keys made the signature behind the first n bytes and a dot. */
static bool
signature_is_ours(const char *text, size_t n)
{
	const char *claimed = text + n + 1;
	char signature[SIGNATURE_TEXT_BYTES];

	for (int i = 0; i < keys.signature_count; i++) {
		token_sign(keys.signatures[i], text, n, signature);
		if (strlen(claimed) == strlen(signature) && sodium_memcmp(claimed, signature, strlen(signature)) == 0)
			return true;
	}
	return false;
}

bool
device_token_parse(const char *text, struct device_token *out)
{
	const char *at = text + sizeof form - 1, *last = strrchr(text, '.');
	int64_t generation;

	if (strlen(text) >= DEVICE_TOKEN_BYTES || strncmp(text, form, sizeof form - 1) != 0)
		return false;
	if (!number_take(&at, INT64_MAX, &out->device) || !number_take(&at, INT32_MAX, &generation) || last < at)
		return false;
	out->generation = (int32_t)generation;
	out->is_signed = signature_is_ours(text, (size_t)(last - text));
	return true;
}

uint64_t
device_token_number(const void *bytes, size_t n)
{
	unsigned char hash[crypto_generichash_BYTES_MIN];
	uint64_t number;

	static_assert(sizeof hash >= sizeof number, "a hash holds a number");
	crypto_generichash(hash, sizeof hash, bytes, n, keys.number, KEY_BYTES);
	memcpy(&number, hash, sizeof number);
	return number;
}
