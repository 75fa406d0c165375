/* SPDX-License-Identifier: MIT */
/*
 * A peer's address as one number, for limits. The number is the same in both programs and for every
 * way to write the address.
 */
#ifndef LIB_ADDRESS_H
#define LIB_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Returns the number of a socket's peer. All addresses of an IPv6 network of 64 bits have the same
 * number.
 */
uint64_t address_of_socket(const struct sockaddr_storage *peer);

/* Writes the peer's address as settings have it: an IPv4-mapped address as IPv4. */
void address_text(const struct sockaddr_storage *peer, char out[INET6_ADDRSTRLEN]);

/*
 * Returns the number of an address in text: bare, with a port, or in brackets. Text that is no
 * address has a number of its own.
 */
uint64_t address_of_text(const char *text, size_t len);

/*
 * Finds the client in a list of X-Forwarded-For of *len bytes. Sets *len to the length of its
 * address. The client is the last entry that is not one of the proxies. Each proxy has appended the
 * address that it saw, so earlier entries may be forged. When all entries are proxies, the first
 * one counts.
 */
const char *address_in_forwarded(const char *list, size_t *len, const char *proxies);

/* Returns the number of the client that address_in_forwarded finds. */
uint64_t address_of_forwarded(const char *list, size_t len, const char *proxies);

/* Returns whether a comma-separated list of addresses, as in settings, contains an address. */
bool address_is_listed(const char *list, const char *text, size_t len);

#endif
