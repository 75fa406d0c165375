/* SPDX-License-Identifier: MIT */
/* Readiness and heartbeats of a worker. */
#include "lib/process/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

static struct {
	unsigned all;		/* a bit for each part */
	_Atomic unsigned parts; /* that have beaten since the last byte was written */
	_Atomic int64_t next_ms;
} beat;

bool
worker_is(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], WORKER_FLAG) == 0)
			return true;
	return false;
}

void
worker_begin(int given)
{
	struct stat pipe;
	bool all = fstat(WORKER_READY, &pipe) == 0 && S_ISFIFO(pipe.st_mode);

	for (int fd = WORKER_READY; fd < WORKER_GIVEN + given; fd++)
		all &= fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
	if (all)
		return;
	fprintf(stderr, "%s is for the supervisor only; one of another version has to be restarted\n", WORKER_FLAG);
	exit(64);
}

void
worker_ready(unsigned parts)
{
	beat.all = (1u << parts) - 1;
	if (write(WORKER_READY, "", 1) != 1)
		log_line(LOG_WARN, "supervisor_gone", "pid=%d", (int)getpid());
	fcntl(WORKER_READY, F_SETFL, O_NONBLOCK);
}

/* A supervisor of an older program has closed its end. Then no more bytes are written. */
void
worker_beat(unsigned part)
{
	unsigned bit = 1u << part;

	if (!(atomic_load_explicit(&beat.parts, memory_order_relaxed) & bit))
		atomic_fetch_or(&beat.parts, bit);
	if (atomic_load_explicit(&beat.parts, memory_order_relaxed) != beat.all)
		return;
	int64_t now = clock_ms(), next = atomic_load(&beat.next_ms);
	if (now < next || !atomic_compare_exchange_strong(&beat.next_ms, &next, now + WORKER_BEAT_MS))
		return;
	atomic_store(&beat.parts, 0);
	if (write(WORKER_READY, "", 1) < 0 && errno == EPIPE)
		atomic_store(&beat.next_ms, INT64_MAX);
}
