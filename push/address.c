/* SPDX-License-Identifier: MIT */
/* Addresses as numbers. */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a */
static uint64_t
hash(const void *bytes, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
	return h;
}

uint64_t
address_of_socket(const struct sockaddr_storage *peer)
{
	if (peer->ss_family == AF_INET)
		return hash(&((const struct sockaddr_in *)peer)->sin_addr, sizeof(struct in_addr));
	return hash(&((const struct sockaddr_in6 *)peer)->sin6_addr, sizeof(struct in6_addr));
}

uint64_t
address_of_forwarded(const char *list, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char bytes[sizeof(struct in6_addr)];
	const char *comma = memrchr(list, ',', len);

	if (comma) {
		len -= (size_t)(comma + 1 - list);
		list = comma + 1;
	}
	while (len && *list == ' ') {
		list++;
		len--;
	}
	snprintf(text, sizeof text, "%.*s", (int)len, list);
	if (inet_pton(AF_INET, text, bytes) == 1)
		return hash(bytes, sizeof(struct in_addr));
	if (inet_pton(AF_INET6, text, bytes) == 1)
		return hash(bytes, sizeof(struct in6_addr));
	return hash(list, len);
}
