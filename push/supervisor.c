/* SPDX-License-Identifier: MIT */
/*
 * The port, kept while processes come and go. Each has a listening socket of its own (SO_REUSEPORT), because streams stay where they were accepted:
 * the kernel spreads them evenly, which processes that take from one socket do not. The socket outlives its process, and so does what waits in it,
 * which is the successor's; nobody else takes that, so a successor must come soon.
 */
#include "supervisor.h"

#include <stdlib.h>
#include <unistd.h>

#include "../lib/limiter.h"
#include "../lib/log.h"
#include "../lib/memory.h"
#include "../lib/settings.h"
#include "listener.h"
#include "metrics.h"

static struct {
	int (*kept)[WORKER_KEPT];
	int count;
} sv;

/* Who comes now is refused at once, and finds another Banter or comes again. */
static void
sockets_close(void)
{
	for (int i = 0; i < sv.count; i++)
		close(sv.kept[i][WORKER_SOCKET - WORKER_GIVEN]);
}

int
supervisor_run(int argc, char **argv)
{
	workers_open(argc, argv);
	int limiter = limiter_make(), counters = metrics_make((int)settings.push_processes);
	sv.count = (int)settings.push_processes;
	sv.kept = memory_alloc((size_t)sv.count * sizeof *sv.kept);
	for (int i = 0; i < sv.count; i++) {
		sv.kept[i][WORKER_SOCKET - WORKER_GIVEN] = listener_bind();
		sv.kept[i][WORKER_LIMITER - WORKER_GIVEN] = limiter;
		sv.kept[i][WORKER_METRICS - WORKER_GIVEN] = counters;
	}
	const struct workers workers = { sv.count, WORKER_KEPT, sv.kept[0], sockets_close, metrics_ended };
	log_line(LOG_INFO, "listening", "address=%s port=%ld workers=%d", settings.push_listen, settings.push_port, sv.count);
	int code = workers_run(&workers);
	free(sv.kept);
	return code;
}
