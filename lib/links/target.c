/* SPDX-License-Identifier: MIT */
/* The hosts of a database URL, resolved and laid out for libpq. */
#include "lib/links/target.h"

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/settings.h"

enum { ADDRESSES_MOST = 64, PORT_BYTES = 16 };

/* The index of the address that the next target begins with. */
static _Atomic unsigned first_address;

/* ---- the URL's lists */

static const char *
option_of(const PQconninfoOption *options, const char *keyword, const char *variable)
{
	const char *fallback = getenv(variable);

	for (; options && options->keyword; options++)
		if (strcmp(options->keyword, keyword) == 0 && options->val && *options->val)
			return options->val;
	return fallback ? fallback : "";
}

/*
 * Copies the nth item of a comma-separated list. Returns false when there are fewer items, or when
 * it is too long.
 */
static bool
list_item(const char *list, int n, char *out, size_t size)
{
	while (n-- > 0) {
		list += strcspn(list, ",");
		if (!*list++)
			return false;
	}
	size_t len = strcspn(list, ",");
	if (len >= size)
		return false;
	snprintf(out, size, "%.*s", (int)len, list);
	return true;
}

static int
list_count(const char *list)
{
	int n = 1;

	for (; *list; list++)
		n += *list == ',';
	return n;
}

/* ---- addresses */

struct address {
	char host[RESOLVER_HOST_BYTES], address[RESOLVER_ADDRESS_BYTES], port[PORT_BYTES];
};

struct addresses {
	struct address list[ADDRESSES_MOST];
	int count, pending;
};

static void
address_add(struct addresses *all, const char *host, const char *address, const char *port)
{
	if (all->count == ADDRESSES_MOST)
		return;
	struct address *a = &all->list[all->count++];
	snprintf(a->host, sizeof a->host, "%s", host);
	snprintf(a->address, sizeof a->address, "%s", address);
	snprintf(a->port, sizeof a->port, "%s", port);
}

/* Adds a host with each of its addresses. A path and an abstract socket have no address. */
static void
host_add(struct addresses *all, const char *host, const char *port)
{
	struct resolved found;

	if (!*host || *host == '/' || *host == '@') {
		address_add(all, host, "", port);
		return;
	}
	switch (resolver_find(host, &found)) {
	case RESOLVER_FOUND:
		for (int i = 0; i < found.count; i++)
			address_add(all, host, found.addresses[i], port);
		break;
	case RESOLVER_PENDING:
		all->pending++;
		break;
	case RESOLVER_FAILED:
		break;
	}
}

/* Adds an item to a comma-separated list. Returns false when it does not fit. */
static bool
list_add(char list[TARGET_BYTES], bool is_first, const char *item)
{
	size_t n = strlen(list);

	return snprintf(list + n, TARGET_BYTES - n, "%s%s", is_first ? "" : ",", item) < (int)(TARGET_BYTES - n);
}

static bool
addresses_lay(const struct addresses *all, struct database_target *out)
{
	unsigned from = atomic_load(&first_address);
	bool fits = true;

	for (int i = 0; i < all->count; i++) {
		const struct address *a = &all->list[(from + (unsigned)i) % (unsigned)all->count];
		fits = fits && list_add(out->hosts, i == 0, a->host) && list_add(out->addresses, i == 0, a->address) &&
		       list_add(out->ports, i == 0, a->port);
	}
	out->count = all->count;
	return fits;
}

/* Resolves the URL's hosts. FOUND without addresses: libpq uses the URL as it is. */
static enum resolver_state
addresses_find(const PQconninfoOption *options, struct database_target *out)
{
	const char *hosts = option_of(options, "host", "PGHOST"), *ports = option_of(options, "port", "PGPORT");
	struct addresses all = { .count = 0 };
	char host[RESOLVER_HOST_BYTES], port[PORT_BYTES];
	int count = list_count(hosts), port_count = list_count(ports);

	/* libpq reports lists that do not match */
	if (!*hosts || *option_of(options, "hostaddr", "PGHOSTADDR") || *option_of(options, "service", "PGSERVICE") ||
	    (port_count != 1 && port_count != count))
		return RESOLVER_FOUND;
	for (int i = 0; i < count; i++) {
		if (!list_item(hosts, i, host, sizeof host) || !list_item(ports, port_count == 1 ? 0 : i, port, sizeof port))
			return RESOLVER_FOUND;
		host_add(&all, host, port);
	}
	if (all.pending)
		return RESOLVER_PENDING;
	return all.count && addresses_lay(&all, out) ? RESOLVER_FOUND : RESOLVER_FAILED;
}

enum resolver_state
database_target(struct database_target *out, const char *application)
{
	PQconninfoOption *options = PQconninfoParse(settings.database_url, NULL);

	out->count = 0;
	*out->hosts = *out->addresses = *out->ports = '\0';
	enum resolver_state state = addresses_find(options, out);
	PQconninfoFree(options);
	/* pairs before dbname are defaults, and pairs behind it override the URL */
	const char *pairs[][2] = {
		{ "target_session_attrs", "read-write" },
		{ "dbname", settings.database_url },
		{ "application_name", application },
		{ "client_encoding", "UTF8" },
		{ "connect_timeout", "5" },
		{ "keepalives_idle", "30" },
		{ "tcp_user_timeout", "10000" },
		{ out->count ? "host" : NULL, out->hosts },
		{ "hostaddr", out->addresses },
		{ "port", out->ports },
	};
	int n = 0;

	for (; n < (int)(sizeof pairs / sizeof pairs[0]) && pairs[n][0]; n++) {
		out->keywords[n] = pairs[n][0];
		out->values[n] = pairs[n][1];
	}
	out->keywords[n] = out->values[n] = NULL;
	return state;
}

void
database_target_late(void)
{
	atomic_fetch_add(&first_address, 1);
}
