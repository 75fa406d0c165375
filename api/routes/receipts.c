/* SPDX-License-Identifier: MIT */
/* Receipts: two marks per member, which only move forward. */
#include "api/routes/receipts.h"

#include <stddef.h>
#include <string.h>

#include "api/http/page.h"
#include "api/routes/handlers.h"

/*
 * Lists the members who have received and read a message.
 * 200 with a page of the other members, by user id. 403 not_a_member; 404 message_not_found.
 */
enum reply
list_receipts(struct request *r)
{
	struct page page;

	if (!page_read(r, page_after, &page))
		return REPLIED;
	return reply_rows(r, 200,
			  db_call(r, STATEMENT_MESSAGE_RECEIPTS, param_id(r->path_ids[0]), param_id(r->user), param_id(r->path_ids[1]),
				  param_id(page.after), param_id(page.limit)));
}

static const struct field read_fields[] = {
	{ "message_id", FIELD_ID, REQUIRED, 0, 0, .offset = 0 },
	{ 0 },
};

/*
 * Moves the caller's read mark up to a message.
 * 200 with the position of the mark. 403 not_a_member; 404 message_not_found.
 */
enum reply
post_read(struct request *r)
{
	int64_t message;

	if (!input_read(r, read_fields, &message))
		return REPLIED;
	return reply_publish(r, 200, db_call(r, STATEMENT_CONVERSATION_READ, param_id(r->path_ids[0]), param_id(r->user), param_id(message)));
}

struct rows *
receipts_deliver(struct request *r, const struct cursor *c)
{
	int64_t users[CURSOR_EXCEPTIONS], conversations[CURSOR_EXCEPTIONS], ids[CURSOR_EXCEPTIONS];

	for (int i = 0; i < c->count; i++) {
		users[i] = r->user;
		conversations[i] = c->exceptions[i].conversation;
		ids[i] = c->exceptions[i].id;
	}
	struct rows *rows =
		db_call(r, STATEMENT_RECEIPTS_DELIVER, param_id(r->user), param_number(c->base), param_text(ids_text(&r->arena, users, c->count)),
			param_text(ids_text(&r->arena, conversations, c->count)), param_text(ids_text(&r->arena, ids, c->count)));
	if (rows)
		rows_publish(rows, 0, 0);
	return rows;
}

/* Acknowledges what a cursor covers. Each row to publish is a conversation whose mark moved. */
static enum reply
post_cursor(struct request *r)
{
	static const struct field fields[] = { { "cursor", FIELD_TEXT, REQUIRED, 1, LIMIT_CURSOR_BYTES, .offset = 0 }, { 0 } };
	struct text body = { .arena = &r->arena };
	const char *cursor;
	struct cursor c;

	if (!input_read(r, fields, &cursor))
		return REPLIED;
	if (!cursor_parse(cursor, strlen(cursor), &c))
		return reply_error(r, ERROR_INVALID_CURSOR);
	struct rows *rows = receipts_deliver(r, &c);
	if (!rows)
		return REPLIED;
	text_printf(&body, "{\"updated\":%d,\"skipped\":[]}", rows_count(rows));
	return reply_json(r, 200, body.bytes);
}

struct receipt_input {
	int64_t conversation, delivered, read;
};

static const struct field receipt_fields[] = {
	{ "conversation_id", FIELD_ID, REQUIRED, 0, 0, .offset = offsetof(struct receipt_input, conversation) },
	{ "delivered", FIELD_ID, OPTIONAL, 0, 0, .offset = offsetof(struct receipt_input, delivered) },
	{ "read", FIELD_ID, OPTIONAL, 0, 0, .offset = offsetof(struct receipt_input, read) },
	{ 0 },
};

static const struct field receipts_fields[] = {
	{ "receipts", FIELD_LIST, REQUIRED, 1, LIMIT_RECEIPTS_BATCH, .items = receipt_fields, .item_size = sizeof(struct receipt_input) },
	{ 0 },
};

/*
 * Acknowledges many messages at once, by a cursor or by conversation.
 * 200 with the count of conversations whose marks moved, and those that were skipped. 422
 * invalid_cursor.
 */
enum reply
post_receipts(struct request *r)
{
	int64_t conversations[LIMIT_RECEIPTS_BATCH], delivered[LIMIT_RECEIPTS_BATCH], read[LIMIT_RECEIPTS_BATCH];
	struct list list;

	if (input_has(r, "cursor"))
		return post_cursor(r);
	if (!input_read(r, receipts_fields, &list))
		return REPLIED;
	const struct receipt_input *receipts = list.items;
	for (int i = 0; i < list.count; i++) {
		conversations[i] = receipts[i].conversation;
		delivered[i] = receipts[i].delivered;
		read[i] = receipts[i].read;
	}
	return reply_publish(r, 200,
			     db_call(r, STATEMENT_RECEIPTS_UPDATE, param_id(r->user), param_text(ids_text(&r->arena, conversations, list.count)),
				     param_text(ids_text(&r->arena, delivered, list.count)), param_text(ids_text(&r->arena, read, list.count))));
}
