/* SPDX-License-Identifier: MIT */
/* The log's file: opened by its path, reopened after it was moved, and renamed when it is large. */
#ifndef LIB_LOG_FILE_H
#define LIB_LOG_FILE_H

/*
 * Opens path in place of standard error, so that it receives everything that the program prints. An
 * empty path keeps standard error. limit: the size in bytes at which the file becomes path.1; 0:
 * never. The path is kept. Exits with 73 when the file cannot be opened. Called once, before
 * threads start.
 */
void log_file_open(const char *path, long limit);

/* Opens the path again. If that fails, the old file stays open. */
void log_file_reopen(void);

/*
 * Checks once a second whether the file was moved or is too large, and reopens it. log_line calls
 * it before each line. Thread-safe.
 */
void log_file_look(void);

#endif
