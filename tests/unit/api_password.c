/* SPDX-License-Identifier: MIT */
/* Hashes at once: one for each address, whatever another address does. */
#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/routes/password.h"
#include "lib/base/settings.h"

enum { LOGINS = 4, PLACES = 3 };

/* A sign-in of one address, in a thread of its own. */
struct login {
	pthread_t thread;
	uint64_t address;
	enum password_verdict verdict;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int begun; /* checks that have begun */
	int ended; /* sign-ins that have an answer */
	bool open; /* whether checks may end */
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void
gate_count(int *counter)
{
	pthread_mutex_lock(&gate.lock);
	++*counter;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

static void
gate_wait(const int *counter, int n)
{
	pthread_mutex_lock(&gate.lock);
	while (*counter < n)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

/* Replaces libsodium's check: it lasts until the gate opens, and each password is right. */
int
crypto_pwhash_str_verify(const char str[crypto_pwhash_STRBYTES], const char *passwd, unsigned long long passwdlen)
{
	(void)str, (void)passwd, (void)passwdlen;
	gate_count(&gate.begun);
	pthread_mutex_lock(&gate.lock);
	while (!gate.open)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
	return 0;
}

static void *
login_run(void *context)
{
	struct login *l = context;

	l->verdict = password_check(l->address, "a password", "a hash");
	gate_count(&gate.ended);
	return NULL;
}

static void
login_start(struct login *l, uint64_t address)
{
	l->address = address;
	assert_int_equal(pthread_create(&l->thread, NULL, login_run, l), 0);
}

static enum password_verdict
login_verdict(struct login *l)
{
	pthread_join(l->thread, NULL);
	return l->verdict;
}

static void
gate_open(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.open = true;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

/*
 * Checks that many sign-ins of one address hash one after the other, and leave the other places to
 * other addresses. All but one of them are refused before any check has ended.
 */
static void
test_one_at_a_time(void **state)
{
	struct login attacker[LOGINS], other, third;
	int right = 0;

	(void)state;
	for (int i = 0; i < LOGINS; i++)
		login_start(&attacker[i], 1);
	gate_wait(&gate.begun, 1);
	login_start(&other, 2);
	login_start(&third, 3);
	gate_wait(&gate.begun, PLACES);
	gate_wait(&gate.ended, LOGINS - 1);
	gate_open();
	for (int i = 0; i < LOGINS; i++)
		right += login_verdict(&attacker[i]) == PASSWORD_RIGHT;
	assert_int_equal(right, 1);
	assert_int_equal(login_verdict(&other), PASSWORD_RIGHT);
	assert_int_equal(login_verdict(&third), PASSWORD_RIGHT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_one_at_a_time) };

	settings.password_ops = 1;
	settings.password_memory_kib = 64;
	settings.password_parallel = PLACES;
	passwords_open();
	alarm(20); /* ends a test that waits for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
