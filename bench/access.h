/* SPDX-License-Identifier: MIT */
/*
 * Access tokens as Banter's api makes them, signed here with the stack's own key, since the
 * benchmarks need thousands of people.
 */
#ifndef BENCH_ACCESS_H
#define BENCH_ACCESS_H

enum { ACCESS_BYTES = 512 };

/* Reads the key (32 bytes as hexadecimal). Ends the program when there is none. */
void access_open(const char *path);

/* Makes a token for that user's device, valid for an hour. Thread-safe. */
void access_token(long user, long device, char out[ACCESS_BYTES]);

#endif
