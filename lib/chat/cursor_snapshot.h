/* SPDX-License-Identifier: MIT */
/* Snapshots of PostgreSQL, as a cursor keeps them: which transactions a read saw. */
#ifndef LIB_CURSOR_SNAPSHOT_H
#define LIB_CURSOR_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

enum { CURSOR_RUNNING = 24 }; /* running transactions in a snapshot */

/* A snapshot of PostgreSQL. Transactions below xmax had ended, except the running ones. */
struct cursor_snapshot {
	int64_t xmin, xmax;
	int count;
	uint32_t running[CURSOR_RUNNING]; /* differences to xmin, ascending */
};

/*
 * Parses PostgreSQL's text of a snapshot. Running transactions that do not fit, and all later ones,
 * count as not ended. Returns false when the text is not a snapshot.
 */
bool cursor_snapshot_parse(const char *text, struct cursor_snapshot *out) __attribute__((warn_unused_result));

/* Writes a snapshot as PostgreSQL reads it. */
enum { CURSOR_SNAPSHOT_BYTES = (CURSOR_RUNNING + 2) * 20 + 1 };
void cursor_snapshot_text(const struct cursor_snapshot *snapshot, char out[CURSOR_SNAPSHOT_BYTES]);

#endif
