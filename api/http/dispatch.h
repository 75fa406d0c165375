/* SPDX-License-Identifier: MIT */
/* Dispatch: finds the route of a request, enforces its columns and calls its handler. */
#ifndef API_DISPATCH_H
#define API_DISPATCH_H

#include "api/http/request.h"
#include "lib/auth/limiter.h"

enum caller { ANYONE, USER };

struct rest_route {
	const char *method;
	const char *path; /* segments that begin with ':' are ids */
	enum caller who;
	long body; /* the most bytes of a JSON body; 0: a body is ignored */
	enum rate_class rate;
	enum reply (*handler)(struct request *r);
};

/* Sets the table of routes. Called once, before threads start. */
void dispatch_open(const struct rest_route *routes, int count);

/*
 * Finds the route, enforces its columns (method, caller, rate, body, ids) and calls the handler.
 * REPLIED: the caller must call reply_finish. REPLY_LATER: the request has another owner.
 */
enum reply dispatch(struct request *r);

/* Returns the route at a place of the table, or NULL behind the last one. */
const struct rest_route *dispatch_route(int place);

#endif
