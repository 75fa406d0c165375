/* SPDX-License-Identifier: MIT */
/* A page of a list: its size and its anchor. */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "api/http/input.h"

struct page {
	int64_t before, after, around; /* 0: not in the query */
	int64_t before_id;	       /* with before: the id among rows of the same key */
	int64_t limit;
};

extern const struct field page_after[];	 /* after, limit */
extern const struct field page_inbox[];	 /* before, before_id, limit */
extern const struct field page_around[]; /* before, after, around, limit */

/*
 * Reads the parameters of a page. Returns false when it has replied: 422 invalid_parameter, also
 * for more than one anchor.
 */
bool page_read(struct request *r, const struct field *fields, struct page *out) __attribute__((warn_unused_result));

#endif
