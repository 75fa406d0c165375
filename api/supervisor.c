/* SPDX-License-Identifier: MIT */
/* The socket, limits and counters that the api's supervisor holds for its workers. */
#include "api/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/common.h"
#include "api/worker.h"
#include "lib/auth/limiter.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "lib/links/database.h"
#include "lib/process/workers.h"

enum {
	BACKLOG = 1024,
	ACCEPT_TIMEOUT_MS = 500, /* how often an idle thread looks whether it should leave */
	/* a thread may wait for a free connection, for connecting, and for a result */
	WAITS = 3,
	/* for the pauses between two queries of revocations and two heartbeats */
	POLL_EXTRA_MS = 3000,
};

static struct stat bound; /* the socket's file, so that only this program's file is removed */

static struct sockaddr_un
socket_address(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(settings.api_socket) >= sizeof address.sun_path)
		workers_refuse(settings.api_socket, "the path is too long for a socket");
	strcpy(address.sun_path, settings.api_socket);
	return address;
}

/* Removes the socket file of a program that was killed. Exits when another program serves on it. */
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

/*
 * Lets every user who reaches the folder connect, as on a loopback port: the front server is often
 * another user.
 */
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

/*
 * Returns the time without heartbeats after which a worker is hung. All its threads may wait for
 * the database as long as they are allowed to, which is no hang. The thread that queries
 * revocations connects without the deadline of a request.
 */
static int64_t
hang_ms(void)
{
	int64_t serving = WAITS * settings.api_wait_ms, polling = DATABASE_CONNECT_MS + settings.api_wait_ms + POLL_EXTRA_MS;
	int64_t least = serving > polling ? serving : polling, set = settings.hang_seconds * 1000;

	return set && set < least ? least : set;
}

int
supervisor_run(int argc, char **argv)
{
	workers_open(argc, argv);
	const int kept[WORKER_KEPT] = { socket_bind(), limiter_make(), common_make() };
	int count = (int)settings.api_workers;
	int *descriptors = memory_alloc((size_t)count * sizeof kept);
	struct workers workers = { count, WORKER_KEPT, descriptors, socket_unlink, NULL, hang_ms() };

	/* all workers get the same descriptors */
	for (int i = 0; i < count; i++)
		memcpy(descriptors + i * WORKER_KEPT, kept, sizeof kept);
	/*
	 * libfcgi allocates buffers of 8 KiB for each request; malloc's cache of each thread keeps
	 * them (glibc's default keeps up to 1 KiB)
	 */
	setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_max=16384", 0);
	log_line(LOG_INFO, "listening", "socket=%s workers=%d", settings.api_socket, count);
	int code = workers_run(&workers);
	free(descriptors);
	return code;
}
