/* SPDX-License-Identifier: MIT */
/* Address of a client. */
#include "push/net/peer.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/auth/address.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "push/net/conns.h"
#include "push/net/rare.h"

static const char forwarded_name[] = "x-forwarded-for";

/* the completed default; "": not used */
static char local_proxies[sizeof SETTINGS_LOCAL_PROXIES + INET6_ADDRSTRLEN];

static const char *
proxies(void)
{
	return *local_proxies ? local_proxies : settings.push_proxies;
}

/*
 * Finds the address from which this machine calls an address of its own. The kernel chooses it for
 * a UDP socket, which sends nothing.
 */
static bool
caller_find(const struct addrinfo *called, struct sockaddr_storage *caller)
{
	socklen_t len = sizeof *caller;
	int fd = socket(called->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found = fd >= 0 && connect(fd, called->ai_addr, called->ai_addrlen) == 0 && getsockname(fd, (struct sockaddr *)caller, &len) == 0;

	if (fd >= 0)
		close(fd);
	return found;
}

void
peer_open(void)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM }, *found;
	struct sockaddr_storage caller;
	char port[16], text[INET6_ADDRSTRLEN];

	*local_proxies = '\0';
	snprintf(port, sizeof port, "%ld", settings.push_port);
	if (strcmp(settings.push_proxies, SETTINGS_LOCAL_PROXIES) != 0 || getaddrinfo(settings.push_listen, port, &hints, &found) != 0)
		return;
	if (caller_find(found, &caller)) {
		address_text(&caller, text);
		snprintf(local_proxies, sizeof local_proxies, "%s,%s", SETTINGS_LOCAL_PROXIES, text);
	}
	freeaddrinfo(found);
}

bool
peer_is_proxy(const struct sockaddr_storage *peer)
{
	char own[INET6_ADDRSTRLEN];

	address_text(peer, own);
	return address_is_listed(proxies(), own, strlen(own));
}

/*
 * Joins the lines of X-Forwarded-For to one list, because some proxies add a line of their own.
 * Returns its length, or 0 when there is none.
 */
static size_t
forwarded_list(const struct http_head *head, char list[HTTP_HEAD_BYTES])
{
	size_t len = 0;

	for (int i = 0; i < head->headers_count; i++) {
		struct http_slice name = head->headers[i].name, value = head->headers[i].value;
		if (name.len != strlen(forwarded_name) || strncasecmp(name.at, forwarded_name, name.len) != 0)
			continue;
		len += (size_t)snprintf(list + len, HTTP_HEAD_BYTES - len, "%s%.*s", len ? "," : "", (int)value.len, value.at);
	}
	return len;
}

static bool
peer_of(const struct conn *c, struct sockaddr_storage *peer)
{
	socklen_t len = sizeof *peer;

	return getpeername(c->watch.fd, (struct sockaddr *)peer, &len) == 0;
}

/* Keeps the text of an address for the log. A text that is no address is not kept. */
static void
text_keep(struct conn *c, const char *text, size_t len)
{
	char copy[PEER_TEXT_BYTES];

	while (len && *text == ' ') {
		text++;
		len--;
	}
	if (len >= sizeof copy)
		return;
	snprintf(copy, sizeof copy, "%.*s", (int)len, text);
	len = strspn(copy, "0123456789abcdefABCDEF:.[]");
	if (strspn(copy + len, " ") != strlen(copy + len) || !len)
		return;
	copy[len] = '\0';
	rare_of(c)->address = memory_strdup(copy);
}

void
peer_note(struct conn *c, const struct http_head *head)
{
	char list[HTTP_HEAD_BYTES];
	struct sockaddr_storage peer;
	size_t len = forwarded_list(head, list);

	if (!len || !peer_of(c, &peer) || !peer_is_proxy(&peer))
		return;
	const char *client = address_in_forwarded(list, &len, proxies());
	conn_address(c, address_of_text(client, len));
	peer_forget(c);
	text_keep(c, client, len);
}

void
peer_text(const struct conn *c, char out[PEER_TEXT_BYTES])
{
	struct sockaddr_storage peer;

	snprintf(out, PEER_TEXT_BYTES, "%s", c->rare && c->rare->address ? c->rare->address : "-");
	if (*out == '-' && peer_of(c, &peer))
		address_text(&peer, out);
}

void
peer_forget(struct conn *c)
{
	if (!c->rare)
		return;
	free(c->rare->address);
	c->rare->address = NULL;
}
