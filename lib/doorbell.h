/* SPDX-License-Identifier: MIT */
/*
 * Notifications over Redis: the names of the channels and the payloads. A notification is never the
 * only copy of its content.
 *
 *     c:{conversation}   e <id> <seq> <gone>\n<event>   a durable event; gone: 0, the user whom the
 *                                                       event removes, or * for all members
 *                        r <user> <delivered> <read>    a member's marks moved (up to
 *                                                       LIMIT_MEMBERS_NAMED members)
 *                        R                              marks moved in a larger conversation
 *                        t <user>                       a user is typing
 *     u:{user}           j <conversation>               a membership began
 *                        x <device>                     a device was revoked
 *                        n <conversation> <read> <event>  conversation.read, for the user's streams
 *                        w <device>                     the device's watch list changed
 *     p:{user}           <event>                        presence.updated
 */
#ifndef LIB_DOORBELL_H
#define LIB_DOORBELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum doorbell_kind {
	DOORBELL_EVENT = 'e',
	DOORBELL_RECEIPT = 'r',
	DOORBELL_COUNTS = 'R',
	DOORBELL_TYPING = 't',
	DOORBELL_JOINED = 'j',
	DOORBELL_REVOKED = 'x',
	DOORBELL_NOTICE = 'n',
	DOORBELL_WATCH = 'w',
	DOORBELL_PRESENCE = '{',
};

enum { DOORBELL_GONE_NOBODY = 0, DOORBELL_GONE_ALL = -1 };

/* A parsed channel name: its letter ('c', 'u', 'p') and the id behind it. */
struct doorbell_channel {
	char kind;
	int64_t id;
};

/* A parsed payload. json points into the payload. The kind decides which fields are set. */
struct doorbell {
	enum doorbell_kind kind;
	int64_t id;	   /* e: event; r, t: user; j, n: conversation; x, w: device */
	int64_t seq;	   /* e */
	int64_t gone;	   /* e: a user, DOORBELL_GONE_NOBODY or DOORBELL_GONE_ALL */
	int64_t delivered; /* r */
	int64_t read;	   /* r, n */
	const char *json;  /* e, n, presence */
	size_t json_len;
};

/* Parse exactly n bytes. Return false for text that is not well formed. */
bool doorbell_channel_parse(const char *text, size_t n, const char *prefix, struct doorbell_channel *out) __attribute__((warn_unused_result));
bool doorbell_parse(const char *text, size_t n, struct doorbell *out) __attribute__((warn_unused_result));

#endif
