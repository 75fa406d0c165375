/* SPDX-License-Identifier: MIT */
/* The consequences of a device's sign-out. */
#ifndef API_DEVICES_H
#define API_DEVICES_H

#include "api/http/request.h"

/*
 * Invalidates the tokens of a device that was signed out, and removes its presence. This worker
 * refuses them from now on, the others within a second.
 */
void device_forget(struct request *r, int64_t user, int64_t device);

#endif
