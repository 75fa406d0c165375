/* SPDX-License-Identifier: MIT */
/* Detached threads, for calls that may block. */
#ifndef LIB_THREAD_H
#define LIB_THREAD_H

#include <stdbool.h>

/*
 * Starts a detached thread that receives no signals; the program's own threads receive them.
 * Returns false when the system refuses.
 */
bool thread_detach(void *(*run)(void *), void *context) __attribute__((warn_unused_result));

#endif
