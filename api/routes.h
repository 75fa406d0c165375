/* SPDX-License-Identifier: MIT */
/* The routes of the api, and the dispatcher from a request to its handler. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include <stdio.h>

#include "api/http/request.h"
#include "lib/auth/limiter.h"

enum caller { ANYONE, USER };

struct route {
	const char *method;
	const char *path; /* segments that begin with ':' are ids */
	enum caller who;
	long body; /* the most bytes of a JSON body; 0: a body is ignored */
	enum rate_class rate;
	enum reply (*handler)(struct request *r);
};

/*
 * Finds the route, enforces its columns (method, caller, rate, body, ids) and calls the handler.
 * REPLIED: the caller must call reply_finish. REPLY_LATER: the request has another owner.
 */
enum reply routes_serve(struct request *r);

/* Return the table's size and rows. */
int routes_count(void);
const struct route *routes_at(int i);

/* Prints "METHOD /path/:param" lines (banter-api --routes). */
void routes_print(FILE *to);

#endif
