/* SPDX-License-Identifier: MIT */
/* Proof of a cursor. */
#include "push/links/proof.h"

#include "lib/base/id.h"

enum { WITHIN_MS = 10 * 1000 };

void
proof_ask(int64_t incarnation, int64_t base, int64_t horizon, int64_t reach, struct pg_array *conversations, struct pg_array *ids, db_reply *reply,
	  void *context)
{
	char incarnation_text[ID_TEXT_BYTES], base_text[ID_TEXT_BYTES], horizon_text[ID_TEXT_BYTES], reach_text[ID_TEXT_BYTES];
	const char *params[] = { incarnation_text, base_text, horizon_text, reach_text, pg_array_text(conversations), pg_array_text(ids) };

	id_text(incarnation, incarnation_text);
	id_text(base, base_text);
	id_text(horizon, horizon_text);
	id_text(reach, reach_text);
	db_query(QUERY_RESET, params, WITHIN_MS, reply, context);
	pg_array_free(conversations);
	pg_array_free(ids);
}

void
proof_ask_cursor(const struct cursor *c, db_reply *reply, void *context)
{
	struct pg_array conversations = { 0 }, ids = { 0 };

	for (int i = 0; i < c->count; i++) {
		pg_array_add(&conversations, c->exceptions[i].conversation);
		pg_array_add(&ids, c->exceptions[i].id);
	}
	proof_ask(c->incarnation, c->base, cursor_horizon(c), cursor_reach(c), &conversations, &ids, reply, context);
}
