/* SPDX-License-Identifier: MIT */
/* Many sends by one system call (io_uring), where the kernel has it and lets us. */
#ifndef PUSH_URING_H
#define PUSH_URING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { URING_MOST = 1024 }; /* sends at once */

enum { WRITE_UNTRIED = INT32_MIN }; /* no result of a send is that */

/* A block for a socket. */
struct write {
	const char *bytes; /* NULL: there is none */
	uint32_t len;
	int fd;
	int result; /* how many bytes are out, or -errno */
};

/* False when there is none: an old kernel, a container's seccomp filter, kernel.io_uring_disabled. */
bool uring_open(void);
void uring_close(void);
bool uring_is_open(void);

/*
 * Sends each block as far as its socket takes it now, and fills in the results. Nothing is under way when it returns. Should the ring
 * fail, it is closed, and what was not tried keeps WRITE_UNTRIED.
 */
void uring_send(struct write *list, size_t count);

#endif
