/* SPDX-License-Identifier: MIT */
/* Limits of work, for requests that may cause much of it. */
#ifndef API_WORK_H
#define API_WORK_H

#include "api/http/request.h"

/*
 * Counts the members that a request adds against the limit of its user. Returns false after
 * replying rate_limited when they are too many within a minute.
 */
bool work_allows_members(struct request *r, long members);

#endif
