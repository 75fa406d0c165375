/* SPDX-License-Identifier: MIT */
/* Batches of sends by one system call (io_uring), where the kernel has and allows it. */
#ifndef PUSH_URING_H
#define PUSH_URING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { URING_MOST = 1024 }; /* sends at once */

enum { WRITE_UNTRIED = INT32_MIN }; /* no send has this result */

/* A block to write to a socket. */
struct write {
	const char *bytes; /* NULL: there is no block */
	uint32_t len;
	int fd;
	int result; /* bytes that were sent, or -errno */
};

/*
 * Opens io_uring. Returns false when it is unavailable: an old kernel, a container's seccomp
 * filter, or kernel.io_uring_disabled.
 */
bool uring_open(void);
void uring_close(void);
bool uring_is_open(void);

/*
 * Sends each block as far as its socket takes it now, and fills in the results. Nothing is under
 * way when it returns. If io_uring fails, it is closed, and blocks that were not tried keep
 * WRITE_UNTRIED.
 */
void uring_send(struct write *list, size_t count);

#endif
