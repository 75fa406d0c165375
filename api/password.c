/* SPDX-License-Identifier: MIT */
/* Password hashes by argon2id of libsodium. */
#include "password.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/identifier.h"
#include "lib/log.h"
#include "lib/settings.h"
#include "accept_slots.h"
#include "steady.h"

static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "a hash fits");

enum { WAIT_MS = 1000, WAITING_PER_SLOT = 4, SLOTS = 64 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t left;
	long hashing, waiting;
	uint64_t addresses[SLOTS]; /* of the clients whose hashes are being computed: the first `hashing` of them */
} desk = { .lock = PTHREAD_MUTEX_INITIALIZER };

static char nobody[PASSWORD_HASH_BYTES];

/*
 * Returns whether another hash for this address must wait: all slots are taken, or the address has
 * one.
 */
static bool
desk_is_taken(uint64_t address)
{
	if (desk.hashing >= settings.password_parallel)
		return true;
	for (long i = 0; i < desk.hashing; i++)
		if (desk.addresses[i] == address)
			return true;
	return false;
}

/*
 * Waits a short time for a free slot. Fails at once when many threads wait already, because other
 * requests need the threads.
 */
static bool
desk_enter(uint64_t address)
{
	int64_t deadline = time_steady_ms() + WAIT_MS;
	bool failed;

	accept_slot_release();
	pthread_mutex_lock(&desk.lock);
	failed = desk_is_taken(address) && desk.waiting >= settings.password_parallel * WAITING_PER_SLOT;
	desk.waiting++;
	while (!failed && desk_is_taken(address))
		failed = !steady_wait(&desk.left, &desk.lock, deadline);
	desk.waiting--;
	if (!failed)
		desk.addresses[desk.hashing++] = address;
	pthread_mutex_unlock(&desk.lock);
	return !failed;
}

static void
desk_leave(uint64_t address)
{
	long i = 0;

	pthread_mutex_lock(&desk.lock);
	while (desk.addresses[i] != address)
		i++;
	desk.addresses[i] = desk.addresses[--desk.hashing];
	pthread_cond_broadcast(&desk.left); /* all waiters: each waits for its own address */
	pthread_mutex_unlock(&desk.lock);
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
	steady_cond_init(&desk.left);
	hash_make("nobody's password", nobody);
}

bool
password_hash(uint64_t address, const char *password, char out[PASSWORD_HASH_BYTES])
{
	if (!desk_enter(address))
		return false;
	hash_make(password, out);
	desk_leave(address);
	return true;
}

enum password_verdict
password_check(uint64_t address, const char *password, const char *hash)
{
	if (!desk_enter(address))
		return PASSWORD_BUSY;
	bool right = crypto_pwhash_str_verify(hash ? hash : nobody, password, strlen(password)) == 0;
	desk_leave(address);
	return right && hash ? PASSWORD_RIGHT : PASSWORD_WRONG;
}
