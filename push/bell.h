/* SPDX-License-Identifier: MIT */
/*
 * Dispatch of notifications from Redis (lib/chat/notification.h) to the module that handles each
 * kind.
 */
#ifndef PUSH_BELL_H
#define PUSH_BELL_H

#include <stddef.h>

void bell_message(const char *channel, size_t channel_len, const char *payload, size_t payload_len);

#endif
