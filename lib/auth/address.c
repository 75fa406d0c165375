/* SPDX-License-Identifier: MIT */
/* Addresses as numbers. */
#include "lib/auth/address.h"

#include <arpa/inet.h>
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

/*
 * Hashes the network of an IPv6 address, because its owner has all addresses of it. A mapped IPv4
 * address counts as IPv4.
 */
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

/* Strips blanks, a port, and the brackets of IPv6. Returns the length of the rest at *at. */
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

/*
 * Parses an address of either family. An IPv4 address becomes a mapped IPv6 address, so both ways
 * to write it are equal.
 */
static bool
address_parse(const char *at, size_t len, struct in6_addr *out)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr v4;

	len = bare(&at, len);
	if (len >= sizeof text)
		return false;
	memcpy(text, at, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, &v4) != 1)
		return inet_pton(AF_INET6, text, out) == 1;
	*out = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
	memcpy(out->s6_addr + 12, &v4, sizeof v4);
	return true;
}

uint64_t
address_of_text(const char *text, size_t len)
{
	struct in6_addr address;

	if (address_parse(text, len, &address))
		return hash_of_v6(&address);
	len = bare(&text, len);
	return hash(text, len);
}

bool
address_is_listed(const char *list, const char *text, size_t len)
{
	struct in6_addr wanted, listed;

	if (!address_parse(text, len, &wanted))
		return false;
	for (size_t n; *list; list += n, list += strspn(list, ", ")) {
		n = strcspn(list, ", ");
		if (address_parse(list, n, &listed) && IN6_ARE_ADDR_EQUAL(&listed, &wanted))
			return true;
	}
	return false;
}

const char *
address_in_forwarded(const char *list, size_t *len, const char *proxies)
{
	for (size_t end = *len;;) {
		const char *comma = memrchr(list, ',', end), *at = comma ? comma + 1 : list;
		*len = end - (size_t)(at - list);
		if (!comma || !address_is_listed(proxies, at, *len))
			return at;
		end = (size_t)(comma - list);
	}
}

uint64_t
address_of_forwarded(const char *list, size_t len, const char *proxies)
{
	const char *client = address_in_forwarded(list, &len, proxies);

	return address_of_text(client, len);
}
