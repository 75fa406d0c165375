/* SPDX-License-Identifier: MIT */
/*
 * Noise over a doorbell channel: what is taken can be written again, byte for byte, from what was
 * read of it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/doorbell.h"

static void
expect(bool right)
{
	if (!right)
		abort();
}

/* The payload as the database writes it, up to its json. */
static size_t
payload_write(const struct doorbell *d, char *out, size_t room)
{
	char gone[24];

	snprintf(gone, sizeof gone, d->gone == DOORBELL_GONE_ALL ? "*" : "%lld", (long long)d->gone);
	switch (d->kind) {
	case DOORBELL_EVENT:
		return (size_t)snprintf(out, room, "e %lld %lld %s\n", (long long)d->id, (long long)d->seq, gone);
	case DOORBELL_RECEIPT:
		return (size_t)snprintf(out, room, "r %lld %lld %lld", (long long)d->id, (long long)d->delivered, (long long)d->read);
	case DOORBELL_COUNTS:
		return (size_t)snprintf(out, room, "R");
	case DOORBELL_NOTICE:
		return (size_t)snprintf(out, room, "n %lld %lld ", (long long)d->id, (long long)d->read);
	case DOORBELL_PRESENCE:
		return 0;
	default:
		return (size_t)snprintf(out, room, "%c %lld", d->kind, (long long)d->id);
	}
}

static void
expect_payload(const struct doorbell *d, const char *text, size_t n)
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
expect_channel(const struct doorbell_channel *channel, const char *text, size_t n)
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
	struct doorbell_channel channel;
	struct doorbell d;

	memcpy(text, data, n);
	if (doorbell_parse(text, n, &d))
		expect_payload(&d, text, n);
	if (doorbell_channel_parse(text, n, "banter:", &channel))
		expect_channel(&channel, text, n);
	if (doorbell_channel_parse(text, n, "", &channel))
		expect(channel.id > 0);
	free(text);
	return 0;
}
