/* SPDX-License-Identifier: MIT */
/* The log: one line per request, stream end or incident, on standard error, as key=value or JSON. */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>

enum log_level { LOG_INFO, LOG_WARN, LOG_ERROR };

/* What the lines begin with: "api", "push". Call once, before threads. */
void log_open(const char *program, bool json);

/*
 * Writes one line: time, program, level, subject, then pairs. keys is a format string of blank-separated key=%conversion pairs, such as
 * "status=%d user=%ld path=%s"; conversions are s, .*s, d, u, x, f and c, with l or z. A value with a blank, a quote or a control character is quoted. Never pass a token, a password or a
 * message's text. The line is written by one write(2), so that lines of threads and processes do not mix.
 */
void log_line(enum log_level level, const char *subject, const char *keys, ...) __attribute__((format(printf, 3, 4)));

#endif
