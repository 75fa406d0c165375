/* SPDX-License-Identifier: MIT */
/* Addresses as numbers. */
#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { NETWORK_BYTES = 8 };

/* FNV-1a */
static uint64_t
hash(const void *bytes, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Who has an IPv6 address has a network of them: it counts as one. An IPv4 address in the clothes of IPv6 is one of IPv4. */
static uint64_t
hash_of_v6(const struct in6_addr *address)
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		return hash(address->s6_addr + 12, sizeof(struct in_addr));
	return hash(address->s6_addr, NETWORK_BYTES);
}

uint64_t
address_of_socket(const struct sockaddr_storage *peer)
{
	if (peer->ss_family == AF_INET)
		return hash(&((const struct sockaddr_in *)peer)->sin_addr, sizeof(struct in_addr));
	return hash_of_v6(&((const struct sockaddr_in6 *)peer)->sin6_addr);
}

void
address_text(const struct sockaddr_storage *peer, char out[INET6_ADDRSTRLEN])
{
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)peer)->sin6_addr;

	out[0] = '\0';
	if (peer->ss_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)peer)->sin_addr, out, INET6_ADDRSTRLEN);
	else if (IN6_IS_ADDR_V4MAPPED(v6))
		inet_ntop(AF_INET, v6->s6_addr + 12, out, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, v6, out, INET6_ADDRSTRLEN);
}

/* An address as it stands in the list: alone, with a port, or (IPv6) in brackets. */
static size_t
bare(const char **at, size_t len)
{
	const char *colon, *end;

	while (len && (*at)[len - 1] == ' ')
		len--;
	while (len && **at == ' ') {
		++*at;
		len--;
	}
	if (len && **at == '[' && (end = memchr(*at, ']', len))) {
		++*at;
		return (size_t)(end - *at);
	}
	colon = memchr(*at, ':', len);
	if (colon && colon == memrchr(*at, ':', len))
		return (size_t)(colon - *at);
	return len;
}

uint64_t
address_of_forwarded(const char *list, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr v4;
	struct in6_addr v6;
	const char *comma = memrchr(list, ',', len), *at = comma ? comma + 1 : list;

	len = bare(&at, len - (size_t)(at - list));
	snprintf(text, sizeof text, "%.*s", (int)len, at);
	if (inet_pton(AF_INET, text, &v4) == 1)
		return hash(&v4, sizeof v4);
	if (inet_pton(AF_INET6, text, &v6) == 1)
		return hash_of_v6(&v6);
	return hash(at, len);
}
