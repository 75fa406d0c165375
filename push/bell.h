/* SPDX-License-Identifier: MIT */
/* What the doorbell rings for (lib/doorbell.h): each kind goes to the module that knows what to do. */
#ifndef PUSH_BELL_H
#define PUSH_BELL_H

#include <stddef.h>

void bell_message(const char *channel, size_t channel_len, const char *payload, size_t payload_len);

#endif
