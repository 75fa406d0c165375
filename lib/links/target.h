/* SPDX-License-Identifier: MIT */
/* The addresses of the database, from settings.database_url. */
#ifndef LIB_TARGET_H
#define LIB_TARGET_H

#include "lib/links/resolver.h"

enum { TARGET_BYTES = 2048 }; /* room for all addresses, all hosts or all ports of the URL */

/*
 * The keywords of PQconnectdbParams and PQconnectStartParams for settings.database_url,
 * NULL-terminated. Host names are resolved: hostaddr has each address, so libpq does not resolve.
 * The host names remain, for TLS and the password file. The URL may override
 * target_session_attrs=read-write.
 */
struct database_target {
	const char *keywords[12];
	const char *values[12];
	char hosts[TARGET_BYTES], addresses[TARGET_BYTES], ports[TARGET_BYTES];
	int count; /* of addresses; 0: the URL is used as it is */
};

/*
 * Fills the target without blocking. PENDING: a name is being looked up; call again in
 * RESOLVER_POLL_MS. FAILED: no host's name could be resolved.
 */
enum resolver_state database_target(struct database_target *out, const char *application) __attribute__((warn_unused_result));

/*
 * Notes that connecting took too long. The next target begins with the next address. Thread-safe.
 */
void database_target_late(void);

#endif
