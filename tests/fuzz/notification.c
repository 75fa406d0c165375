/* SPDX-License-Identifier: MIT */
/*
 * Feeds noise to the parser of notifications. A notification that it accepts can be written again,
 * byte for byte, from the parsed fields.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/chat/notification.h"

static void
expect(bool right)
{
	if (!right)
		abort();
}

/* The payload as the database writes it, up to its json. */
static size_t
payload_write(const struct notification *d, char *out, size_t room)
{
	char removed[24];

	snprintf(removed, sizeof removed, d->removed_user == NOTIFICATION_REMOVES_ALL ? "*" : "%lld", (long long)d->removed_user);
	switch (d->kind) {
	case NOTIFICATION_EVENT:
		return (size_t)snprintf(out, room, "e %lld %lld %s\n", (long long)d->id, (long long)d->seq, removed);
	case NOTIFICATION_RECEIPT:
		return (size_t)snprintf(out, room, "r %lld %lld %lld", (long long)d->id, (long long)d->delivered, (long long)d->read);
	case NOTIFICATION_COUNTS:
		return (size_t)snprintf(out, room, "R");
	case NOTIFICATION_NOTICE:
		return (size_t)snprintf(out, room, "n %lld %lld ", (long long)d->id, (long long)d->read);
	case NOTIFICATION_PRESENCE:
		return 0;
	default:
		return (size_t)snprintf(out, room, "%c %lld", d->kind, (long long)d->id);
	}
}

static void
expect_payload(const struct notification *d, const char *text, size_t n)
{
	char again[128];
	size_t head = payload_write(d, again, sizeof again);

	expect(head <= n && memcmp(again, text, head) == 0);
	expect(head + d->json_len == n);
	expect(!d->json == (d->json_len == 0));
	if (!d->json)
		return;
	expect(d->json == text + head);
	expect(d->json_len >= 2 && d->json[0] == '{' && d->json[d->json_len - 1] == '}');
}

static void
expect_channel(const struct notification_channel *channel, const char *text, size_t n)
{
	char again[64];
	size_t len = (size_t)snprintf(again, sizeof again, "banter:%c:%lld", channel->kind, (long long)channel->id);

	expect(channel->kind == 'c' || channel->kind == 'u' || channel->kind == 'p');
	expect(channel->id > 0 && len == n && memcmp(again, text, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = malloc(n ? n : 1);
	struct notification_channel channel;
	struct notification d;

	memcpy(text, data, n);
	if (notification_parse(text, n, &d))
		expect_payload(&d, text, n);
	if (notification_channel_parse(text, n, "banter:", &channel))
		expect_channel(&channel, text, n);
	if (notification_channel_parse(text, n, "", &channel))
		expect(channel.id > 0);
	free(text);
	return 0;
}
