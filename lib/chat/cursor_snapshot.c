/* SPDX-License-Identifier: MIT */
/* Snapshots of PostgreSQL, as their text and as a cursor holds them. */
#include "lib/chat/cursor_snapshot.h"

#include <stdio.h>
#include <stdlib.h>

/* Counts the transactions from this one on as not ended. */
static bool
snapshot_cut(struct cursor_snapshot *s, int64_t at)
{
	s->xmax = at;
	return true;
}

bool
cursor_snapshot_parse(const char *text, struct cursor_snapshot *out)
{
	char *at;

	*out = (struct cursor_snapshot){ .xmin = strtoll(text, &at, 10) };
	if (at == text || *at != ':' || out->xmin < 0)
		return false;
	out->xmax = strtoll(at + 1, &at, 10);
	if (*at != ':' || out->xmax < out->xmin)
		return false;
	if (out->xmax - out->xmin > UINT32_MAX)
		snapshot_cut(out, out->xmin + UINT32_MAX);
	while (at[1]) {
		const char *from = at + 1;
		int64_t xid = strtoll(from, &at, 10);
		if (at == from || (*at && *at != ',') || xid < out->xmin)
			return false;
		if (xid >= out->xmax)
			return true;
		if (out->count == CURSOR_RUNNING)
			return snapshot_cut(out, xid);
		out->running[out->count++] = (uint32_t)(xid - out->xmin);
		if (!*at)
			break;
	}
	return true;
}

void
cursor_snapshot_text(const struct cursor_snapshot *s, char out[CURSOR_SNAPSHOT_BYTES])
{
	int n = snprintf(out, CURSOR_SNAPSHOT_BYTES, "%ld:%ld:", (long)s->xmin, (long)s->xmax);

	for (int i = 0; i < s->count; i++)
		n += snprintf(out + n, (size_t)(CURSOR_SNAPSHOT_BYTES - n), "%s%ld", i ? "," : "", (long)(s->xmin + s->running[i]));
}
