/* SPDX-License-Identifier: MIT */
/* Users. */
#include <stddef.h>

#include "api/http/db_call.h"
#include "api/http/input.h"
#include "api/routes/handlers.h"

/*
 * Returns the calling user.
 * 200.
 */
enum reply
get_me(struct request *r)
{
	return reply_rows(r, 200, db_call(r, STATEMENT_USER_GET, param_id(r->user), param_id(r->user)));
}

static const struct field me_fields[] = {
	{ "display_name", FIELD_TEXT, REQUIRED, 1, LIMIT_DISPLAY_NAME_BYTES, .offset = 0 },
	{ 0 },
};

/*
 * Changes the display name.
 * 200 with the changed user.
 */
enum reply
patch_me(struct request *r)
{
	const char *display_name;

	if (!input_read(r, me_fields, &display_name))
		return REPLIED;
	return reply_rows(r, 200, db_call(r, STATEMENT_USER_UPDATE, param_id(r->user), param_text(display_name)));
}

struct users_page {
	const char *prefix, *after;
	int64_t limit;
};

static const struct field users_page[] = {
	{ "prefix", FIELD_TEXT, OPTIONAL, 0, LIMIT_NAME_BYTES, .offset = offsetof(struct users_page, prefix) },
	{ "after", FIELD_TEXT, OPTIONAL, 0, LIMIT_NAME_BYTES, .offset = offsetof(struct users_page, after) },
	{ "limit", FIELD_NUMBER, OPTIONAL, 1, LIMIT_PAGE, .offset = offsetof(struct users_page, limit) },
	{ 0 },
};

/*
 * Finds users by the beginning of their name.
 * 200 with a page of users, by name.
 */
enum reply
list_users(struct request *r)
{
	struct users_page page = { .limit = LIMIT_PAGE_DEFAULT };

	if (!parameters_read(r, users_page, &page))
		return REPLIED;
	return reply_rows(r, 200,
			  db_call(r, STATEMENT_USER_FIND, param_id(r->user), param_text(page.prefix), param_text(page.after), param_id(page.limit)));
}

/*
 * Returns a user.
 * 200; last_seen only if the user shares a conversation with the caller. 404 user_not_found.
 */
enum reply
get_user(struct request *r)
{
	return reply_rows(r, 200, db_call(r, STATEMENT_USER_GET, param_id(r->user), param_id(r->path_ids[0])));
}
