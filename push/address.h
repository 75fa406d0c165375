/* SPDX-License-Identifier: MIT */
/* The address of a peer as one number, for limits: the same whether the socket tells it or a proxy of ours. */
#ifndef PUSH_ADDRESS_H
#define PUSH_ADDRESS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

uint64_t address_of_socket(const struct sockaddr_storage *peer);

/* The same as people write it, as in settings. */
void address_text(const struct sockaddr_storage *peer, char out[INET6_ADDRSTRLEN]);

/* The last one in the list of X-Forwarded-For, which is the one that the proxy has seen itself. What is no address is a text of its own. */
uint64_t address_of_forwarded(const char *list, size_t len);

#endif
