/* SPDX-License-Identifier: MIT */
/* The memory that all workers share. */
#include "api/common.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "api/links/metrics.h"
#include "api/routes/ready.h"
#include "lib/base/memory.h"
#include "lib/links/sqlstate.h"
#include "lib/process/shared.h"

struct common {
	struct api_metrics metrics;
	struct ready_shared ready;
	_Atomic int64_t met_ms[SQLSTATE_STATEMENTS];
};

int
common_make(void)
{
	return shared_make("banter-common", sizeof(struct common));
}

void
common_open(int fd)
{
	size_t bytes;
	struct common *common = shared_open(fd, &bytes);

	if (!common || bytes != sizeof *common)
		common = memory_alloc(sizeof *common);
	metrics_open(&common->metrics);
	ready_open(&common->ready);
	sqlstate_share(common->met_ms);
}
