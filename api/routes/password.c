/* SPDX-License-Identifier: MIT */
/* Password hashes by argon2id of libsodium. */
#include "api/routes/password.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "api/links/accept_slots.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/settings.h"

static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "a hash fits");

enum { WAIT_MS = 1000, WAITING_PER_SLOT = 4, SLOTS = 64 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	long hashing, waiting;
	/* of the clients whose hashes are being computed: the first `hashing` of them */
	uint64_t addresses[SLOTS];
} hash_slots = { .lock = PTHREAD_MUTEX_INITIALIZER };

static char nobody[PASSWORD_HASH_BYTES];

/*
 * Returns whether another hash for this address must wait: all slots are taken, or the address has
 * one.
 */
static bool
hash_slot_is_taken(uint64_t address)
{
	if (hash_slots.hashing >= settings.password_parallel)
		return true;
	for (long i = 0; i < hash_slots.hashing; i++)
		if (hash_slots.addresses[i] == address)
			return true;
	return false;
}

/*
 * Waits a short time for a free slot. Fails at once when many threads wait already, because other
 * requests need the threads.
 */
static bool
hash_slot_take(uint64_t address)
{
	int64_t deadline = clock_ms() + WAIT_MS;
	bool failed;

	accept_slot_release();
	pthread_mutex_lock(&hash_slots.lock);
	failed = hash_slot_is_taken(address) && hash_slots.waiting >= settings.password_parallel * WAITING_PER_SLOT;
	hash_slots.waiting++;
	while (!failed && hash_slot_is_taken(address))
		failed = !clock_wait(&hash_slots.freed, &hash_slots.lock, deadline);
	hash_slots.waiting--;
	if (!failed)
		hash_slots.addresses[hash_slots.hashing++] = address;
	pthread_mutex_unlock(&hash_slots.lock);
	return !failed;
}

static void
hash_slot_release(uint64_t address)
{
	long i = 0;

	pthread_mutex_lock(&hash_slots.lock);
	while (hash_slots.addresses[i] != address)
		i++;
	hash_slots.addresses[i] = hash_slots.addresses[--hash_slots.hashing];
	pthread_cond_broadcast(&hash_slots.freed); /* all waiters: each waits for its own address */
	pthread_mutex_unlock(&hash_slots.lock);
}

static void
hash_make(const char *password, char out[PASSWORD_HASH_BYTES])
{
	memset(out, 0, PASSWORD_HASH_BYTES);
	if (crypto_pwhash_str_alg(out, password, strlen(password), (unsigned long long)settings.password_ops,
				  (size_t)settings.password_memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
		log_line(LOG_ERROR, "out_of_memory", "kib=%ld", settings.password_memory_kib);
		abort();
	}
}

void
passwords_open(void)
{
	clock_cond_init(&hash_slots.freed);
	hash_make("nobody's password", nobody);
}

bool
password_hash(uint64_t address, const char *password, char out[PASSWORD_HASH_BYTES])
{
	if (!hash_slot_take(address))
		return false;
	hash_make(password, out);
	hash_slot_release(address);
	return true;
}

enum password_verdict
password_check(uint64_t address, const char *password, const char *hash)
{
	if (!hash_slot_take(address))
		return PASSWORD_BUSY;
	bool right = crypto_pwhash_str_verify(hash ? hash : nobody, password, strlen(password)) == 0;
	hash_slot_release(address);
	return right && hash ? PASSWORD_RIGHT : PASSWORD_WRONG;
}
