/* SPDX-License-Identifier: MIT */
/* Conversations: direct ones, one for each pair of users, and groups. */
#include <stddef.h>
#include <string.h>

#include "api/http/db_call.h"
#include "api/http/page.h"
#include "api/routes/handlers.h"
#include "api/routes/work.h"

/*
 * Lists the caller's conversations, the most recently active first.
 * 200 with a page. The next page has before = the last activity_id and before_id = the last id. 422
 * invalid_parameter.
 */
enum reply
list_conversations(struct request *r)
{
	struct page page;

	if (!page_read(r, page_inbox, &page))
		return REPLIED;
	if (page.before_id && !page.before)
		return reply_error_field(r, ERROR_INVALID_PARAMETER, "before_id", "before_id needs before");
	return reply_rows(
		r, 200,
		db_call(r, STATEMENT_CONVERSATION_LIST, param_id(r->user), param_id(page.before), param_id(page.before_id), param_id(page.limit)));
}

struct conversation_input {
	const char *kind, *title, *history;
	int64_t user_id;
	struct id_list members;
};

#define AT(member) .offset = offsetof(struct conversation_input, member)

static const char *const kinds[] = { "direct", "group", NULL };
static const char *const histories[] = { "full", "joined", NULL };

static const struct field direct_fields[] = {
	{ "kind", FIELD_CHOICE, REQUIRED, 0, 0, AT(kind), .choices = kinds },
	{ "user_id", FIELD_ID, REQUIRED, 0, 0, AT(user_id) },
	{ 0 },
};

static const struct field group_fields[] = {
	{ "kind", FIELD_CHOICE, REQUIRED, 0, 0, AT(kind), .choices = kinds },
	{ "title", FIELD_TEXT, REQUIRED, 1, LIMIT_TITLE_BYTES, AT(title) },
	{ "members", FIELD_IDS, REQUIRED, 0, LIMIT_MEMBERS_BATCH, AT(members) },
	{ "history", FIELD_CHOICE, OPTIONAL, 0, 0, AT(history), .choices = histories },
	{ 0 },
};

static enum reply
post_direct(struct request *r)
{
	struct conversation_input in = { 0 };

	if (!input_read(r, direct_fields, &in) || !work_allows_members(r, 1))
		return REPLIED;
	struct rows *rows = db_call(r, STATEMENT_CONVERSATION_DIRECT, param_id(r->user), param_id(in.user_id));
	return reply_publish(r, rows && strcmp(rows_text(rows, 0, 2), "t") == 0 ? 201 : 200, rows);
}

/*
 * Opens a direct conversation, or creates a group.
 * 201 with the conversation; 200 with the direct conversation that existed. 404 user_not_found; 422
 * too_many_members, too_many_conversations, invalid_body. 429 rate_limited, also for too many
 * members within a minute.
 */
enum reply
post_conversation(struct request *r)
{
	struct conversation_input in = { .history = "full" };

	if (input_is(r, "kind", "direct"))
		return post_direct(r);
	if (!input_read(r, group_fields, &in) || !work_allows_members(r, 1 + in.members.count))
		return REPLIED;
	return reply_publish(r, 201,
			     db_call(r, STATEMENT_CONVERSATION_GROUP, param_id(r->user), param_text(in.title),
				     param_text(ids_text(&r->arena, in.members.list, in.members.count)), param_text(in.history)));
}

/*
 * Returns a conversation as the caller sees it.
 * 200. 403 not_a_member, also for a conversation that does not exist.
 */
enum reply
get_conversation(struct request *r)
{
	return reply_rows(r, 200, db_call(r, STATEMENT_CONVERSATION_GET, param_id(r->path_ids[0]), param_id(r->user)));
}

static const struct field title_fields[] = {
	{ "title", FIELD_TEXT, REQUIRED, 1, LIMIT_TITLE_BYTES, .offset = 0 },
	{ 0 },
};

/*
 * Renames a group.
 * 200 with the renamed conversation. 403 not_a_member, forbidden; 409 direct_conversation.
 */
enum reply
patch_conversation(struct request *r)
{
	const char *title;

	if (!input_read(r, title_fields, &title))
		return REPLIED;
	return reply_publish(r, 200, db_call(r, STATEMENT_CONVERSATION_UPDATE, param_id(r->path_ids[0]), param_id(r->user), param_text(title)));
}

/*
 * Deletes a group.
 * 204. 403 not_a_member, forbidden; 409 direct_conversation.
 */
enum reply
delete_conversation(struct request *r)
{
	return reply_publish(r, 204, db_call(r, STATEMENT_CONVERSATION_DELETE, param_id(r->path_ids[0]), param_id(r->user)));
}
