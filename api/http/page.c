/* SPDX-License-Identifier: MIT */
/* The parameters of pages. */
#include "api/http/page.h"

#include "api/http/reply.h"

#define LIMIT                                                                                          \
	{                                                                                              \
		"limit", FIELD_NUMBER, OPTIONAL, 1, LIMIT_PAGE, .offset = offsetof(struct page, limit) \
	}
#define ANCHOR(name)                                                             \
	{                                                                        \
#name, FIELD_ID, OPTIONAL, .offset = offsetof(struct page, name) \
	}

const struct field page_after[] = { ANCHOR(after), LIMIT, { 0 } };
const struct field page_inbox[] = { ANCHOR(before), ANCHOR(before_id), LIMIT, { 0 } };
const struct field page_around[] = { ANCHOR(before), ANCHOR(after), ANCHOR(around), LIMIT, { 0 } };

bool
page_read(struct request *r, const struct field *fields, struct page *out)
{
	*out = (struct page){ .limit = LIMIT_PAGE_DEFAULT };
	if (!parameters_read(r, fields, out))
		return false;
	if (!!out->before + !!out->after + !!out->around <= 1)
		return true;
	reply_error_field(r, ERROR_INVALID_PARAMETER, out->around ? "around" : "after", "one of before, after and around");
	return false;
}
