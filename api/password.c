/* SPDX-License-Identifier: MIT */
/* Passwords by libsodium's argon2id. */
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
#include "seats.h"
#include "steady.h"

static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "a hash fits");

enum { WAIT_MS = 1000, WAITING_PER_SLOT = 4 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t left;
	long hashing, waiting;
} desk = { .lock = PTHREAD_MUTEX_INITIALIZER };

static char nobody[PASSWORD_HASH_BYTES];

/* Waits a short while for a free place, unless many wait already: they would only hold up threads that others need. */
static bool
desk_enter(void)
{
	int64_t deadline = time_steady_ms() + WAIT_MS;
	bool failed;

	seat_leave();
	pthread_mutex_lock(&desk.lock);
	failed = desk.hashing >= settings.password_parallel && desk.waiting >= settings.password_parallel * WAITING_PER_SLOT;
	desk.waiting++;
	while (!failed && desk.hashing >= settings.password_parallel)
		failed = !steady_wait(&desk.left, &desk.lock, deadline);
	desk.waiting--;
	if (!failed)
		desk.hashing++;
	pthread_mutex_unlock(&desk.lock);
	return !failed;
}

static void
desk_leave(void)
{
	pthread_mutex_lock(&desk.lock);
	desk.hashing--;
	pthread_cond_signal(&desk.left);
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
password_hash(const char *password, char out[PASSWORD_HASH_BYTES])
{
	if (!desk_enter())
		return false;
	hash_make(password, out);
	desk_leave();
	return true;
}

enum password_verdict
password_check(const char *password, const char *hash)
{
	if (!desk_enter())
		return PASSWORD_BUSY;
	bool right = crypto_pwhash_str_verify(hash ? hash : nobody, password, strlen(password)) == 0;
	desk_leave();
	return right && hash ? PASSWORD_RIGHT : PASSWORD_WRONG;
}
