/* SPDX-License-Identifier: MIT */
/*
 * Supervisor of push: keeps the listening sockets while processes start and stop.
 *
 * Each process has a socket of its own (SO_REUSEPORT), because a stream stays where it was
 * accepted. The kernel spreads connections evenly over sockets, but not over processes that share
 * one.
 *
 * A socket outlives its process, with the connections that wait in it. Only the successor accepts
 * those, so it must start soon.
 */
#include "push/supervisor.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/auth/limiter.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "push/net/listener.h"
#include "push/net/metrics.h"

static struct {
	int (*kept)[WORKER_KEPT];
	int count;
} sv;

/*
 * Closes the listening sockets. New clients are refused at once and try again elsewhere or later.
 */
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
	const struct workers workers = { sv.count, WORKER_KEPT, sv.kept[0], sockets_close, metrics_ended, settings.hang_seconds * 1000 };
	log_line(LOG_INFO, "listening", "address=%s port=%ld workers=%d", settings.push_listen, settings.push_port, sv.count);
	int code = workers_run(&workers);
	free(sv.kept);
	return code;
}
