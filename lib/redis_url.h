/* SPDX-License-Identifier: MIT */
/* Where Redis is: settings.redis_url taken apart. */
#ifndef LIB_REDIS_URL_H
#define LIB_REDIS_URL_H

#include <stdbool.h>

enum { REDIS_PLACE_BYTES = 256, REDIS_PORT = 6379 };

struct redis_url {
	bool is_path;		       /* a Unix socket … */
	char place[REDIS_PLACE_BYTES]; /* … or a host */
	int port;
};

/* Reads "unix:///path", "redis://host" or "redis://host:port"; a host may be [IPv6]. False when it is none of these. */
bool redis_url_parse(const char *url, struct redis_url *out) __attribute__((warn_unused_result));

#endif
