/* SPDX-License-Identifier: MIT */
/* The flush at the end of a turn. */
#ifndef PUSH_FLUSH_H
#define PUSH_FLUSH_H

#include <stdbool.h>
#include <stdint.h>

enum { WRITE_UNTRIED = INT32_MIN }; /* no result of a send is that */

/* A block for a socket. */
struct write {
	const char *bytes; /* NULL: there is none */
	uint32_t len;
	int fd;
	int result; /* how many bytes are out, or -errno */
};

/* Takes io_uring when it is there and wanted (BANTER_PUSH_URING). Without it, or without this call, each socket costs a send(). */
void flush_open(void);

/* Flushes each connection that was touched (conn_touch), once; who is touched meanwhile comes behind the others. */
void flush_touched(void);
bool flush_is_due(void);
void flush_close(void);

#endif
