/* SPDX-License-Identifier: MIT */
/* Memberships of users, read from the database by one query for all streams of a turn. */
#ifndef PUSH_MEMBERSHIPS_H
#define PUSH_MEMBERSHIPS_H

#include <stdbool.h>
#include <stdint.h>

#include "push/links/result.h"

/* One conversation, as it was when it was read. */
struct membership {
	int64_t conversation;
	/* the user is no longer a member; listed only if the stream may have missed that */
	bool ended;
	int64_t seq, id;
	uint32_t members;
	bool delivered; /* a device of the user has received all up to id */
};

/* Answer for one stream. */
struct memberships {
	bool good;	   /* user and device exist and may have streams */
	const char *reset; /* reason why nothing resumes from the base, or NULL */
	int count;
	struct result_array conversations, ended, last_seqs, last_ids, member_counts, delivered;
};

/* Receives the answer, which is valid during the call. NULL: the database did not answer. */
typedef void memberships_reply(void *context, const struct memberships *memberships);

enum { MEMBERSHIPS_NO_BASE = -1 };

/*
 * Queries the memberships for one stream. base is that of the cursor that it resumes from, or
 * MEMBERSHIPS_NO_BASE. Calls reply once, never from inside of memberships_ask.
 */
void memberships_ask(int64_t user, int64_t device, int64_t base, memberships_reply *reply, void *context);

struct membership memberships_get(const struct memberships *m, int i);

/* Sends the query that this turn has gathered. */
void memberships_turn_end(void);

#endif
