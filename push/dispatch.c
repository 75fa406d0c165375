/* SPDX-License-Identifier: MIT */
/* Dispatch of notifications from Redis to the module that handles each kind. */
#include "push/dispatch.h"

#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/settings.h"
#include "lib/chat/notification.h"
#include "push/fanout/event_batch.h"
#include "push/fanout/hub.h"
#include "push/net/metrics.h"
#include "push/session/presence.h"
#include "push/session/receipts.h"
#include "push/session/resume.h"
#include "push/session/revocations.h"
#include "push/session/users.h"
#include "push/session/watched.h"

static void
dispatch_typing(struct topic *t, int64_t user)
{
	char json[256], now[CLOCK_TEXT_BYTES];

	if (t->members > LIMIT_MEMBERS_NAMED)
		return;
	clock_text(clock_wall_ms(), now);
	int len =
		snprintf(json, sizeof json,
			 "{\"type\":\"typing.updated\",\"time\":\"%s\",\"data\":{\"conversation_id\":\"%ld\",\"user_id\":\"%ld\",\"expires_in\":%d}}",
			 now, (long)t->conversation, (long)user, LIMIT_TYPING_SECONDS);
	struct event *ev = event_ephemeral(EVENT_TYPING, json, (size_t)len);
	hub_ephemeral(t, ev, user);
	event_unref(ev);
}

static void
dispatch_conversation(int64_t conversation, const struct notification *d)
{
	struct topic *t = hub_topic(conversation);

	if (!t)
		return;
	if (d->kind == NOTIFICATION_EVENT)
		hub_event(conversation, d->id, d->seq, d->removed_user, d->json, d->json_len);
	else if (d->kind == NOTIFICATION_RECEIPT)
		receipts_moved(t, d->id, d->delivered, d->read);
	else if (d->kind == NOTIFICATION_COUNTS)
		receipts_moved_counts(t);
	else if (d->kind == NOTIFICATION_TYPING)
		dispatch_typing(t, d->id);
}

static void
dispatch_read(const struct user *u, const struct notification *d)
{
	struct topic *t = hub_topic(d->id);

	if (!t || !receipts_read(t, u->id, d->read))
		return;
	struct event *ev = event_ephemeral(EVENT_NOTICE, d->json, d->json_len);
	users_notice(u, t, ev);
	event_unref(ev);
}

static void
dispatch_user(int64_t user, const struct notification *d)
{
	const struct user *u = users_get(user);

	if (d->kind == NOTIFICATION_REVOKED)
		revocations_take(d->id);
	if (!u)
		return;
	if (d->kind == NOTIFICATION_NOTICE)
		dispatch_read(u, d);
	for (struct conn *c = u->streams; c; c = c->user_next) {
		if (d->kind == NOTIFICATION_JOINED && (c->state == CONN_LIVE || c->resume) && !c->poll.stale)
			resume_resync(c);
		else if (d->kind == NOTIFICATION_WATCH && c->state == CONN_LIVE && c->device == d->id)
			presence_load(c);
	}
}

static void
dispatch_presence(int64_t user, const struct notification *d)
{
	struct event *ev;

	if (d->kind != NOTIFICATION_PRESENCE)
		return;
	ev = event_ephemeral(EVENT_PRESENCE, d->json, d->json_len);
	watched_event(user, ev);
	event_unref(ev);
}

void
dispatch_notification(const char *channel, size_t channel_len, const char *payload, size_t payload_len)
{
	struct notification_channel ch;
	struct notification d;

	if (!notification_channel_parse(channel, channel_len, settings.redis_prefix, &ch) || !notification_parse(payload, payload_len, &d)) {
		metrics.notifications_bad++;
		log_line(LOG_WARN, "notification_bad", "channel=%.*s bytes=%zu", (int)channel_len, channel, payload_len);
		return;
	}
	/*
	 * deliver the batched durable events first, so that an ephemeral one does not overtake them
	 */
	if (d.kind != NOTIFICATION_EVENT)
		event_batch_deliver_all();
	if (ch.kind == 'c')
		dispatch_conversation(ch.id, &d);
	else if (ch.kind == 'u')
		dispatch_user(ch.id, &d);
	else
		dispatch_presence(ch.id, &d);
}
