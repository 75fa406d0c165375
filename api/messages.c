/* SPDX-License-Identifier: MIT */
/* Messages: sending and reading. */
#include <stddef.h>

#include "call.h"
#include "handlers.h"
#include "page.h"
#include "sender.h"

/*
 * History, oldest first: the newest messages, or those before, after or around one.
 * 200 with a page. 403 not_a_member; 422 unknown_anchor.
 */
enum reply
list_messages(struct request *r)
{
	struct page page;

	if (!page_read(r, page_around, &page))
		return REPLIED;
	return reply_rows(r, 200,
			  call(r, STATEMENT_MESSAGE_LIST, param_id(r->path_ids[0]), param_id(r->user), param_id(page.before), param_id(page.after),
			       param_id(page.around), param_id(page.limit)));
}

#define AT(member) .offset = offsetof(struct send_input, member)

static const struct field message_fields[] = {
	{ "client_id", FIELD_TEXT, REQUIRED, 1, LIMIT_CLIENT_ID_BYTES, AT(client_id) },
	{ "text", FIELD_TEXT, REQUIRED, 0, LIMIT_TEXT_BYTES, AT(text), .too_long = ERROR_TEXT_TOO_LONG },
	{ "data", FIELD_OBJECT, OPTIONAL, 0, LIMIT_DATA_BYTES, AT(data) },
	{ "reply_to", FIELD_ID, OPTIONAL, 0, 0, AT(reply_to) },
	{ 0 },
};

/* The end of post_message, once the sender knows. */
static enum reply
message_sent(struct request *r, const struct sent *sent)
{
	if (sent->error)
		return reply_error(r, sent->error);
	return reply_json(r, sent->created ? 201 : 200, sent->message);
}

/*
 * Send a message.
 * 201 with the message, which is on disk then; 200 with the earlier one when this client_id was sent before.
 * 403 not_a_member; 409 client_id_reused when the content differs; 413 text_too_long; 422 invalid_body, unknown_reply.
 * 503 unavailable: it may be stored, so send it again.
 */
enum reply
post_message(struct request *r)
{
	struct send_input *in = arena_alloc(&r->arena, sizeof *in);

	*in = (struct send_input){ .conversation = r->path_ids[0], .user = r->user };
	if (!input_read(r, message_fields, in))
		return REPLIED;
	if (!*in->text && !in->data)
		return reply_error_field(r, ERROR_INVALID_BODY, "text", "may be empty only when there is data");
	return sender_send(r, in, message_sent);
}

/*
 * One message; for its sender with status and receipts.
 * 200. 403 not_a_member; 404 message_not_found.
 */
enum reply
get_message(struct request *r)
{
	return reply_rows(r, 200, call(r, STATEMENT_MESSAGE_GET, param_id(r->path_ids[0]), param_id(r->user), param_id(r->path_ids[1])));
}
