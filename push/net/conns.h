/* SPDX-License-Identifier: MIT */
/* List of all connections: their number, in total and by address, and the room for more. */
#ifndef PUSH_CONNS_H
#define PUSH_CONNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;

/* Adds a connection to the list, counted under its address, or removes it. */
void conns_add(struct conn *c);
void conns_remove(struct conn *c);

/*
 * Returns whether the limit of descriptors is reached. The process keeps some descriptors for
 * itself.
 */
bool conn_is_full(void);

/* Returns whether one more connection may be accepted (unauthenticated_has_room). */
bool conn_may_open(void);

/* Returns the number of connections, in total or of one address. */
size_t conn_count(void);
size_t conn_count_of(uint64_t address);

/* Moves a connection to the client's address that a proxy has named. */
void conn_address(struct conn *c, uint64_t address);

/* Returns the connection behind the given one, or the first one for NULL. */
struct conn *conn_next(struct conn *after);

/* Frees the module's memory. No connection may be left. */
void conns_close(void);

#endif
