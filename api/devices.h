/* SPDX-License-Identifier: MIT */
/* Devices: what has to follow when one is signed out. */
#ifndef API_DEVICES_H
#define API_DEVICES_H

#include "request.h"

/* A device was signed out: from now on its tokens do not count here (elsewhere within a second), and it is not shown as online. */
void device_forget(struct request *r, int64_t user, int64_t device);

#endif
