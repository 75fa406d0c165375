/* SPDX-License-Identifier: MIT */
/* Rights to watch, which are judged again whenever a membership begins or ends. */
#ifndef PUSH_RIGHTS_H
#define PUSH_RIGHTS_H

#include <stdint.h>

#include "push/fanout/event.h"
#include "push/fanout/hub.h"

/* Returns how many durable events have changed memberships so far. */
uint32_t rights_changes(void);

void rights_open(void);
void rights_close(void);

#endif
