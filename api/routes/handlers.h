/* SPDX-License-Identifier: MIT */
/* Every handler, by file. Its contract is the comment above its definition. */
#ifndef API_HANDLERS_H
#define API_HANDLERS_H

#include "api/http/request.h"

/* auth.c */
enum reply post_register(struct request *r);
enum reply post_login(struct request *r);
enum reply post_refresh(struct request *r);
enum reply post_logout(struct request *r);

/* devices.c */
enum reply list_devices(struct request *r);
enum reply delete_device(struct request *r);

/* users.c */
enum reply get_me(struct request *r);
enum reply patch_me(struct request *r);
enum reply list_users(struct request *r);
enum reply get_user(struct request *r);

/* conversations.c */
enum reply list_conversations(struct request *r);
enum reply post_conversation(struct request *r);
enum reply get_conversation(struct request *r);
enum reply patch_conversation(struct request *r);
enum reply delete_conversation(struct request *r);

/* members.c */
enum reply post_leave(struct request *r);
enum reply list_members(struct request *r);
enum reply post_members(struct request *r);
enum reply patch_member(struct request *r);
enum reply delete_member(struct request *r);

/* messages.c */
enum reply list_messages(struct request *r);
enum reply post_message(struct request *r);
enum reply get_message(struct request *r);

/* receipts.c */
enum reply list_receipts(struct request *r);
enum reply post_read(struct request *r);
enum reply post_receipts(struct request *r);

/* presence.c */
enum reply post_typing(struct request *r);
enum reply post_heartbeat(struct request *r);
enum reply get_presence(struct request *r);
enum reply query_presence(struct request *r);
enum reply put_watch(struct request *r);

/* streams.c */
enum reply post_ticket(struct request *r);

/* sync.c */
enum reply get_sync(struct request *r);

/* server.c */
enum reply get_server(struct request *r);
enum reply get_health(struct request *r);
enum reply get_ready(struct request *r);
enum reply get_metrics(struct request *r);

#endif
