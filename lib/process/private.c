/* SPDX-License-Identifier: MIT */
/* Protection of the program's memory. */
#include "lib/process/private.h"

#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/*
 * The leak checker of the sanitizers reads the memory as a debugger does, so it must be allowed to.
 */
#if defined(__SANITIZE_ADDRESS__)
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

void
private_memory(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (!sanitized)
		prctl(PR_SET_DUMPABLE, 0);
}
