/* SPDX-License-Identifier: MIT */
/* Secrets in files: made on the first run with mode 0600, never printed. */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include <stdbool.h>
#include <stddef.h>

enum { SECRET_BYTES = 32 };

/*
 * Reads settings.secrets_dir/name into key; makes the folder (0700) and the file (0600, random bytes as hexadecimal) when they are not
 * there. Safe when several programs do it at once. Leaves the program with 78 and a sentence when the file is readable by others,
 * belongs to somebody else or holds something else.
 */
void secret_load(const char *name, unsigned char key[SECRET_BYTES]);

#endif
