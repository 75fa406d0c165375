/* SPDX-License-Identifier: MIT */
/*
 * Notifications over Redis: the names of the channels and the payloads. A notification is never the
 * only copy of its content.
 *
 *     c:{conversation}   e <id> <seq> <removed>\n<event>   a durable event; removed: 0, the user
 *                                                       whom the event removes, or * for all
 *                                                       members
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
#ifndef LIB_NOTIFICATION_H
#define LIB_NOTIFICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum notification_kind {
	NOTIFICATION_EVENT = 'e',
	NOTIFICATION_RECEIPT = 'r',
	NOTIFICATION_COUNTS = 'R',
	NOTIFICATION_TYPING = 't',
	NOTIFICATION_JOINED = 'j',
	NOTIFICATION_REVOKED = 'x',
	NOTIFICATION_NOTICE = 'n',
	NOTIFICATION_WATCH = 'w',
	NOTIFICATION_PRESENCE = '{',
};

enum { NOTIFICATION_REMOVES_NOBODY = 0, NOTIFICATION_REMOVES_ALL = -1 };

/* A parsed channel name: its letter ('c', 'u', 'p') and the id behind it. */
struct notification_channel {
	char kind;
	int64_t id;
};

/* A parsed payload. json points into the payload. The kind decides which fields are set. */
struct notification {
	enum notification_kind kind;
	int64_t id;  /* e: event; r, t: user; j, n: conversation; x, w: device */
	int64_t seq; /* e */
	/* e: a user, NOTIFICATION_REMOVES_NOBODY or NOTIFICATION_REMOVES_ALL */
	int64_t removed_user;
	int64_t delivered; /* r */
	int64_t read;	   /* r, n */
	const char *json;  /* e, n, presence */
	size_t json_len;
};

/* Parse exactly n bytes. Return false for text that is not well formed. */
bool notification_channel_parse(const char *text, size_t n, const char *prefix, struct notification_channel *out) __attribute__((warn_unused_result));
bool notification_parse(const char *text, size_t n, struct notification *out) __attribute__((warn_unused_result));

#endif
