/* SPDX-License-Identifier: MIT */
/* Connection state that few connections need. */
#include "push/net/rare.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/base/memory.h"
#include "push/net/conn.h"
#include "push/net/unfinished.h"

struct rare *
rare_of(struct conn *c)
{
	if (!c->rare)
		c->rare = memory_alloc(sizeof *c->rare);
	return c->rare;
}

/* Returns whether the block holds nothing. Early bytes count only until the user is known. */
static bool
is_empty(const struct conn *c)
{
	const struct rare *r = c->rare;

	return !r->pending && !r->input.fragments_opcode && !r->input.fragments && !r->unfinished_ms && !(r->early && !c->user) && !r->wait_ms &&
	       !r->limit && !r->answered && !r->address && !r->since && !r->replayed;
}

void
rare_tidy(struct conn *c)
{
	if (!c->rare || !is_empty(c))
		return;
	unfinished_count(c);
	free(c->rare);
	c->rare = NULL;
}

void
rare_free(struct conn *c)
{
	struct rare *r = c->rare;

	if (!r)
		return;
	assert(!r->answered && !r->replayed);
	free(r->pending);
	r->pending = NULL;
	r->pending_len = 0;
	frame_input_free(&r->input);
	unfinished_count(c);
	free(r->address);
	free(r->since);
	free(c->rare);
	c->rare = NULL;
}
