/* SPDX-License-Identifier: MIT */
/* The members of a conversation and their roles. */
#include <stddef.h>

#include "api/http/db_call.h"
#include "api/http/page.h"
#include "api/routes/handlers.h"
#include "api/routes/work.h"

/*
 * Leaves a group.
 * 204. 403 not_a_member; 409 direct_conversation.
 */
enum reply
post_leave(struct request *r)
{
	return reply_publish(r, 204, db_call(r, STATEMENT_MEMBER_REMOVE, param_id(r->path_ids[0]), param_id(r->user), param_id(r->user)));
}

/*
 * Lists the members of a conversation.
 * 200 with a page of members, by user id. 403 not_a_member.
 */
enum reply
list_members(struct request *r)
{
	struct page page;

	if (!page_read(r, page_after, &page))
		return REPLIED;
	return reply_rows(r, 200,
			  db_call(r, STATEMENT_MEMBER_LIST, param_id(r->path_ids[0]), param_id(r->user), param_id(page.after), param_id(page.limit)));
}

static const struct field members_fields[] = {
	{ "user_ids", FIELD_IDS, REQUIRED, 1, LIMIT_MEMBERS_BATCH, .offset = 0 },
	{ 0 },
};

/*
 * Adds members to a group.
 * 200 with the new members. 403 not_a_member, forbidden; 404 user_not_found; 409
 * direct_conversation; 422 too_many_members, too_many_conversations. 429 rate_limited, also for too
 * many members within a minute.
 */
enum reply
post_members(struct request *r)
{
	struct id_list users;

	if (!input_read(r, members_fields, &users) || !work_allows_members(r, users.count))
		return REPLIED;
	return reply_publish(r, 200,
			     db_call(r, STATEMENT_MEMBER_ADD, param_id(r->path_ids[0]), param_id(r->user),
				     param_text(ids_text(&r->arena, users.list, users.count))));
}

static const char *const roles[] = { "owner", "admin", "member", NULL };

static const struct field member_fields[] = {
	{ "role", FIELD_CHOICE, REQUIRED, .choices = roles },
	{ 0 },
};

/*
 * Changes a member's role.
 * 200 with the changed member. 403 not_a_member, forbidden; 404 member_not_found; 409
 * direct_conversation.
 */
enum reply
patch_member(struct request *r)
{
	const char *role;

	if (!input_read(r, member_fields, &role))
		return REPLIED;
	return reply_publish(
		r, 200, db_call(r, STATEMENT_MEMBER_ROLE, param_id(r->path_ids[0]), param_id(r->user), param_id(r->path_ids[1]), param_text(role)));
}

/*
 * Removes a member from a group, or the caller.
 * 204. 403 not_a_member, forbidden; 404 member_not_found; 409 direct_conversation.
 */
enum reply
delete_member(struct request *r)
{
	return reply_publish(r, 204, db_call(r, STATEMENT_MEMBER_REMOVE, param_id(r->path_ids[0]), param_id(r->user), param_id(r->path_ids[1])));
}
