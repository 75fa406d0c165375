/* SPDX-License-Identifier: MIT */
/*
 * A table of valid tokens by a keyed hash. Without the key no client can choose a token's place or
 * forge an equal hash.
 */
#include "lib/auth/bearer.h"
#include "lib/base/clock.h"
#include "lib/base/random.h"

#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* 16,384 tokens, 640 KiB */
enum { HASH_BYTES = crypto_shorthash_siphashx24_BYTES, STRIPES = 64, SETS = 4096, WAYS = 4 };

struct remembered {
	unsigned char hash[HASH_BYTES];
	struct token token; /* all zero: the place is free */
};

static struct remembered sets[SETS][WAYS];
/* each guards the sets whose number modulo STRIPES is its own */
static pthread_mutex_t locks[STRIPES];
static unsigned char key[crypto_shorthash_siphashx24_KEYBYTES];

void
bearers_open(void)
{
	random_bytes(key, sizeof key);
	for (int i = 0; i < STRIPES; i++)
		pthread_mutex_init(&locks[i], NULL);
}

static bool
bearer_recall(const struct remembered *set, const unsigned char hash[HASH_BYTES], struct token *out)
{
	for (int i = 0; i < WAYS; i++) {
		if (set[i].token.expires > clock_wall_ms() / 1000 && sodium_memcmp(set[i].hash, hash, HASH_BYTES) == 0) {
			*out = set[i].token;
			return true;
		}
	}
	return false;
}

/* Stores a token in place of the one that expires first. */
static void
bearer_remember(struct remembered *set, const unsigned char hash[HASH_BYTES], const struct token *token)
{
	struct remembered *place = set;

	for (struct remembered *r = set; r < set + WAYS; r++)
		if (r->token.expires < place->token.expires)
			place = r;
	memcpy(place->hash, hash, HASH_BYTES);
	place->token = *token;
}

enum token_verdict
bearer_check(const char *text, size_t n, struct token *out)
{
	unsigned char hash[HASH_BYTES];
	uint16_t number;

	if (n >= TOKEN_BYTES)
		return TOKEN_BAD;
	crypto_shorthash_siphashx24(hash, (const unsigned char *)text, n, key);
	memcpy(&number, hash, sizeof number);
	struct remembered *set = sets[number % SETS];
	pthread_mutex_t *lock = &locks[number % STRIPES];

	pthread_mutex_lock(lock);
	bool known = bearer_recall(set, hash, out);
	pthread_mutex_unlock(lock);
	if (known)
		return TOKEN_GOOD;
	enum token_verdict verdict = token_check(text, n, out);
	if (verdict == TOKEN_GOOD) {
		pthread_mutex_lock(lock);
		bearer_remember(set, hash, out);
		pthread_mutex_unlock(lock);
	}
	return verdict;
}
