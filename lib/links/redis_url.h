/* SPDX-License-Identifier: MIT */
/* The parsed URL of Redis (settings.redis_url). */
#ifndef LIB_REDIS_URL_H
#define LIB_REDIS_URL_H

#include <stdbool.h>

enum { REDIS_PLACE_BYTES = 256, REDIS_PORT = 6379, REDIS_USER_BYTES = 128, REDIS_PASSWORD_BYTES = 512, REDIS_DATABASES = 16384 };

struct redis_url {
	bool is_path;		       /* place is a Unix socket */
	char place[REDIS_PLACE_BYTES]; /* or a host */
	bool is_tls;
	int port;
	int database;			     /* for SELECT */
	char user[REDIS_USER_BYTES];	     /* empty: the default user */
	char password[REDIS_PASSWORD_BYTES]; /* empty: no AUTH */
};

/*
 * Parses redis://[[user]:password@]host[:port][/database], rediss:// for the same over TLS, or
 * unix://[[user]:password@]/path[?db=database]. A host may be [IPv6]. User, password and path may
 * contain %XX. Returns false for any other text.
 */
bool redis_url_parse(const char *url, struct redis_url *out) __attribute__((warn_unused_result));

#endif
