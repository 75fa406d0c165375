/* SPDX-License-Identifier: MIT */
/* What the api's supervisor keeps for its workers: the socket, the limits, the counters. */
#include "supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/limiter.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/settings.h"
#include "lib/workers.h"
#include "metrics.h"
#include "worker.h"

enum {
	BACKLOG = 1024,
	ACCEPT_TIMEOUT_MS = 500, /* how often an idle thread looks whether it is to leave */
};

static struct stat bound; /* the socket's file, so that only ours is taken away */

static struct sockaddr_un
socket_address(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(settings.api_socket) >= sizeof address.sun_path)
		workers_refuse(settings.api_socket, "the path is too long for a socket");
	strcpy(address.sun_path, settings.api_socket);
	return address;
}

/* A socket file that nobody listens on is left over from one who was killed. */
static void
socket_clear(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
		workers_refuse(settings.api_socket, "another api serves there");
	if (errno == ECONNREFUSED)
		unlink(settings.api_socket);
	close(fd);
}

/* Who may reach the folder may connect, as on a port of the loopback: the front server is often another user. */
static int
socket_bind(void)
{
	struct sockaddr_un address = socket_address();
	struct timeval timeout = { 0, ACCEPT_TIMEOUT_MS * 1000 };

	socket_clear(&address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || chmod(settings.api_socket, 0666) != 0 || listen(fd, BACKLOG) != 0)
		workers_refuse(settings.api_socket, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	stat(settings.api_socket, &bound);
	return fd;
}

static void
socket_unlink(void)
{
	struct stat now;

	if (stat(settings.api_socket, &now) == 0 && now.st_ino == bound.st_ino && now.st_dev == bound.st_dev)
		unlink(settings.api_socket);
}

int
supervisor_run(int argc, char **argv)
{
	workers_open(argc, argv);
	const int kept[WORKER_KEPT] = { socket_bind(), limiter_make(), metrics_make() };
	int count = (int)settings.api_workers;
	int *descriptors = memory_alloc((size_t)count * sizeof kept);
	struct workers workers = { count, WORKER_KEPT, descriptors, socket_unlink, NULL };

	/* all workers have the same */
	for (int i = 0; i < count; i++)
		memcpy(descriptors + i * WORKER_KEPT, kept, sizeof kept);
	/* libfcgi takes and frees buffers of 8 KiB for each request: kept per thread they cost nothing (glibc's default keeps up to 1 KiB) */
	setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_max=16384", 0);
	log_line(LOG_INFO, "listening", "socket=%s workers=%d", settings.api_socket, count);
	int code = workers_run(&workers);
	free(descriptors);
	return code;
}
