/* SPDX-License-Identifier: MIT */
/*
 * Dispatch of notifications from Redis (lib/chat/notification.h) to the module that handles each
 * kind.
 */
#ifndef PUSH_DISPATCH_H
#define PUSH_DISPATCH_H

#include <stddef.h>

void dispatch_notification(const char *channel, size_t channel_len, const char *payload, size_t payload_len);

#endif
