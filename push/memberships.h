/* SPDX-License-Identifier: MIT */
/* The conversations that streams listen to, read from the database by one question for all that want to know in a turn. */
#ifndef PUSH_MEMBERSHIPS_H
#define PUSH_MEMBERSHIPS_H

#include <stdbool.h>
#include <stdint.h>

#include "result.h"

/* One conversation: where it stood when it was read. */
struct membership {
	int64_t conversation;
	bool ended; /* the user is in it no more; such ones are told only when they may have missed how it ended */
	int64_t seq, id;
	uint32_t members;
	bool delivered; /* has a device had all up to id? */
};

/* The answer for one stream. */
struct memberships {
	bool good;	   /* the user and the device are there, and may have streams */
	const char *reset; /* why nothing can go on from the base, or NULL */
	int count;
	struct result_array conversations, ended, last_seqs, last_ids, member_counts, delivered;
};

/* memberships: good until it returns; NULL: the database did not answer. */
typedef void memberships_reply(void *context, const struct memberships *memberships);

enum { MEMBERSHIPS_NO_BASE = -1 };

/* Asks for one stream. base: of the cursor that it goes on from, or MEMBERSHIPS_NO_BASE. The answer is always given, once, and never from inside. */
void memberships_ask(int64_t user, int64_t device, int64_t base, memberships_reply *reply, void *context);

struct membership memberships_get(const struct memberships *m, int i);

/* Puts the questions of this turn. */
void memberships_turn_end(void);

#endif
