/* SPDX-License-Identifier: MIT */
/* The routes of the api, and the way of a request to its handler. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include <stdio.h>

#include "lib/limiter.h"
#include "request.h"

enum caller { ANYONE, USER };

struct route {
	const char *method;
	const char *path; /* segments that begin with ':' are ids */
	enum caller who;
	long body; /* the most bytes of a JSON body; 0: a body is passed over */
	enum rate_class rate;
	enum reply (*handler)(struct request *r);
};

/* Finds the route, sees to its columns (method, caller, rate, body, ids), calls the handler. REPLIED: reply_finish is to be called; REPLY_LATER: the request is no longer ours. */
enum reply routes_serve(struct request *r);

/* The table itself. */
int routes_count(void);
const struct route *routes_at(int i);

/* Prints "METHOD /path/:param" lines (banter-api --routes). */
void routes_print(FILE *to);

#endif
