/* SPDX-License-Identifier: MIT */
/*
 * Functions that a test puts under a program by LD_PRELOAD. The resolver is silent while the file
 * $PRELOAD_SILENT exists, and answers 127.0.0.1 for all names otherwise. The clock is
 * $PRELOAD_AHEAD seconds ahead. The monotonic clock is 31 seconds ahead while the file
 * $PRELOAD_LATER exists.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long
ahead(void)
{
	const char *seconds = getenv("PRELOAD_AHEAD");

	return seconds ? atol(seconds) : 0;
}

static long
later(void)
{
	const char *file = getenv("PRELOAD_LATER");

	return file && access(file, F_OK) == 0 ? 31 : 0;
}

int
clock_gettime(clockid_t clock, struct timespec *out)
{
	int result = (int)syscall(SYS_clock_gettime, clock, out);

	if (clock == CLOCK_REALTIME)
		out->tv_sec += ahead();
	else if (clock == CLOCK_MONOTONIC)
		out->tv_sec += later();
	return result;
}

time_t
time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

int
getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
	const char *silent = getenv("PRELOAD_SILENT");
	unsigned char bytes[16];

	if (!silent || !host || inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1)
		return real(host, service, hints, out);
	while (access(silent, F_OK) == 0)
		usleep(10 * 1000);
	return real("127.0.0.1", service, hints, out);
}
