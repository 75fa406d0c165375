/* SPDX-License-Identifier: MIT */
/* A small table of names, with one thread for each lookup. */
#include "lib/links/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/process/thread.h"

enum {
	HOSTS_MOST = 32,
	FRESH_MS = 1000, /* a lookup younger than this is not repeated */
};

struct name {
	char host[RESOLVER_HOST_BYTES]; /* empty: free */
	struct resolved last;		/* of the last lookup that found addresses */
	bool is_known;			/* last may be used */
	bool is_pending;		/* a thread is looking it up */
	int64_t begun_ms, ended_ms;
};

static struct name names[HOSTS_MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool
is_numeric(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	char address[RESOLVER_HOST_BYTES];

	snprintf(address, sizeof address, "%.*s", (int)strcspn(host, "%"), host);
	return inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1;
}

/* Copies the addresses of a lookup as text. */
static void
addresses_take(const struct addrinfo *found, struct resolved *out)
{
	out->count = 0;
	for (; found && out->count < RESOLVER_ADDRESSES; found = found->ai_next)
		if (getnameinfo(found->ai_addr, found->ai_addrlen, out->addresses[out->count], RESOLVER_ADDRESS_BYTES, NULL, 0, NI_NUMERICHOST) == 0)
			out->count++;
}

/*
 * Stores the result of a lookup. A name that does not exist is removed. When the resolver fails,
 * the last addresses remain valid.
 */
static void
name_answer(struct name *n, int error, const struct resolved *found)
{
	n->is_pending = false;
	n->ended_ms = clock_ms();
	if (found->count) {
		n->last = *found;
		n->is_known = true;
	} else if (error == EAI_NONAME || error == EAI_NODATA) {
		n->is_known = false;
	}
}

static void *
name_lookup(void *name)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	struct resolved addresses = { 0 };
	struct name *n = name;

	int error = getaddrinfo(n->host, NULL, &hints, &found);
	if (error == 0) {
		addresses_take(found, &addresses);
		freeaddrinfo(found);
	}
	pthread_mutex_lock(&lock);
	name_answer(n, error, &addresses);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void
lookup_start(struct name *n)
{
	n->is_pending = true;
	n->begun_ms = clock_ms();
	if (!thread_detach(name_lookup, n))
		name_answer(n, EAI_MEMORY, &(struct resolved){ 0 });
}

/*
 * Returns the place of a name. A new name replaces the name that was looked up longest ago. Returns
 * NULL when all places are pending.
 */
static struct name *
name_place(const char *host)
{
	struct name *oldest = NULL;

	for (struct name *n = names; n < names + HOSTS_MOST; n++) {
		if (strcmp(n->host, host) == 0)
			return n;
		if (!n->is_pending && (!oldest || n->ended_ms < oldest->ended_ms))
			oldest = n;
	}
	if (oldest) {
		memset(oldest, 0, sizeof *oldest);
		snprintf(oldest->host, sizeof oldest->host, "%s", host);
	}
	return oldest;
}

static enum resolver_state
name_find(const char *host, struct resolved *out)
{
	struct name *n = name_place(host);
	int64_t now = clock_ms();

	if (!n)
		return RESOLVER_FAILED;
	if (!n->is_pending && (!n->ended_ms || now - n->ended_ms >= FRESH_MS))
		lookup_start(n);
	if (n->is_pending && now - n->begun_ms < RESOLVER_PATIENCE_MS)
		return RESOLVER_PENDING;
	if (!n->is_known)
		return RESOLVER_FAILED;
	*out = n->last;
	return RESOLVER_FOUND;
}

enum resolver_state
resolver_find(const char *host, struct resolved *out)
{
	out->count = 0;
	if (!*host || strlen(host) >= RESOLVER_HOST_BYTES)
		return RESOLVER_FAILED;
	if (is_numeric(host) && strlen(host) < RESOLVER_ADDRESS_BYTES) {
		strcpy(out->addresses[out->count++], host);
		return RESOLVER_FOUND;
	}
	pthread_mutex_lock(&lock);
	enum resolver_state state = name_find(host, out);
	pthread_mutex_unlock(&lock);
	return state;
}

enum resolver_state
resolver_wait(const char *host, int64_t deadline_ms, struct resolved *out)
{
	enum resolver_state state;

	while ((state = resolver_find(host, out)) == RESOLVER_PENDING && clock_ms() < deadline_ms)
		usleep(RESOLVER_POLL_MS * 1000);
	return state == RESOLVER_PENDING ? RESOLVER_FAILED : state;
}
