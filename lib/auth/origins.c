/* SPDX-License-Identifier: MIT */
/* The list of origins. */
#include "lib/auth/origins.h"

#include <string.h>

#include "lib/base/settings.h"

static const char between[] = ", ";

const char *
origins_find(const char *origin, size_t n)
{
	const char *at = settings.origins + strspn(settings.origins, between);

	while (*at) {
		size_t len = strcspn(at, between);
		if (len == n && memcmp(at, origin, n) == 0)
			return at;
		at += len;
		at += strspn(at, between);
	}
	return NULL;
}

const char *
origins_any(void)
{
	return origins_find("*", 1);
}
