/* SPDX-License-Identifier: MIT */
/*
 * The size of a message's data once it is stored. Both programs check it before they call the
 * database.
 */
#ifndef LIB_MESSAGE_DATA_H
#define LIB_MESSAGE_DATA_H

#include <stddef.h>

/*
 * Checks n bytes of well-formed JSON as a message's data. Returns NULL, or a text that says what is
 * wrong. The size is that of PostgreSQL's jsonb without blanks. There numbers are spelled out
 * (1e300 has 301 digits), and needless escapes are removed. So LIMIT_DATA_BYTES also bounds the
 * stored value and each event that carries it, however the client spelled it.
 */
const char *message_data_refusal(const char *text, size_t n) __attribute__((warn_unused_result));

/*
 * Returns the size of n bytes of well-formed JSON in PostgreSQL's spelling. The SQL function
 * data_size returns the same.
 */
size_t message_data_size(const char *text, size_t n);

#endif
