/* SPDX-License-Identifier: MIT */
/*
 * The log: one line per request, end of a stream or incident, on standard error, as key=value or
 * JSON.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>

enum log_level { LOG_INFO, LOG_WARN, LOG_ERROR };

/* Sets the program's name in every line: "api", "push". Called once, before threads start. */
void log_open(const char *program, bool json);

/*
 * Writes one line: time, program, level, subject, then pairs. keys is a format string of
 * key=%conversion pairs with blanks between them, such as "status=%d user=%ld path=%s". Conversions
 * are s, .*s, d, u, x, f and c, with l or z. A value with a blank, a quote or a control character
 * is quoted. Never pass a token, a password or a message's text. One write(2) writes the line, so
 * lines of threads and processes do not mix.
 */
void log_line(enum log_level level, const char *subject, const char *keys, ...) __attribute__((format(printf, 3, 4)));

#endif
