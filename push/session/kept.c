/* SPDX-License-Identifier: MIT */
/* Events that are kept while a stream opens. */
#include "push/session/kept.h"

#include "lib/base/limits.h"

enum { KEPT_MOST = 1024, KEPT_BYTES = 1024 * KIB };

void
kept_add(struct kept *k, struct event *ev)
{
	if (k->overflowed)
		return;
	if (k->list.count < KEPT_MOST && k->list.bytes < KEPT_BYTES) {
		event_list_add(&k->list, event_ref(ev));
		return;
	}
	event_list_free(&k->list);
	k->overflowed = true;
}

bool
kept_drop(struct kept *k)
{
	bool any = k->overflowed || event_list_has_more(&k->list);

	k->overflowed = false;
	event_list_free(&k->list);
	return any;
}
