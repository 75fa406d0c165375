/* SPDX-License-Identifier: MIT */
/* A page of a list: how many, and from where on. */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "input.h"

struct page {
	int64_t before, after, around; /* 0: not asked for */
	int64_t limit;
};

extern const struct field page_after[];	 /* after, limit */
extern const struct field page_before[]; /* before, limit */
extern const struct field page_around[]; /* before, after, around, limit */

/* False when the reply has been made: 422 invalid_parameter, also for more than one anchor. */
bool page_read(struct request *r, const struct field *fields, struct page *out) __attribute__((warn_unused_result));

#endif
