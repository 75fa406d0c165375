/* SPDX-License-Identifier: MIT */
/* Messages: sending and reading. */
#include "api/http/db_call.h"
#include "api/http/input.h"
#include "api/http/page.h"
#include "api/messages/message_writer.h"
#include "api/routes/handlers.h"

/*
 * Lists messages, the oldest first: the newest ones, or those before, after or around a message.
 * 200 with a page. 403 not_a_member; 422 unknown_anchor.
 */
enum reply
list_messages(struct request *r)
{
	struct page page;

	if (!page_read(r, page_around, &page))
		return REPLIED;
	return reply_rows(r, 200,
			  db_call(r, STATEMENT_MESSAGE_LIST, param_id(r->path_ids[0]), param_id(r->user), param_id(page.before), param_id(page.after),
				  param_id(page.around), param_id(page.limit)));
}

/* Replies to post_message with the writer's result. */
static enum reply
reply_message(struct request *r, const struct send_result *result)
{
	if (result->error)
		return reply_error(r, result->error);
	return reply_json(r, result->created ? 201 : 200, result->message);
}

/*
 * Sends a message.
 * 201 with the message, which is on disk by then; 200 with the earlier message when this client_id
 * was sent before.
 * 403 not_a_member, forbidden (to mention all); 404 message_not_found: it was sent before and is
 * deleted; 409 client_id_reused: the content differs; 413 text_too_long; 422 invalid_body,
 * unknown_reply, too_many_mentions.
 * 503 unavailable: it may be stored, so send it again.
 */
enum reply
post_message(struct request *r)
{
	struct message_draft *draft = arena_alloc(&r->arena, sizeof *draft);
	struct field_fault fault;

	if (!input_read(r, message_draft_fields, draft))
		return REPLIED;
	if (!message_draft_check(draft, &fault))
		return reply_error_field(r, fault.error, fault.field, fault.detail);
	draft->conversation = r->path_ids[0];
	draft->sender = r->user;
	return message_writer_send(r, draft, reply_message);
}

/*
 * Returns a message; to its sender with status and receipts.
 * 200. 403 not_a_member; 404 message_not_found.
 */
enum reply
get_message(struct request *r)
{
	return reply_rows(r, 200, db_call(r, STATEMENT_MESSAGE_GET, param_id(r->path_ids[0]), param_id(r->user), param_id(r->path_ids[1])));
}
