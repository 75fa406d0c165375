/* SPDX-License-Identifier: MIT */
/* Secrets in files: made on the first run with mode 0600, never printed. */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include <stdbool.h>
#include <stddef.h>

enum { SECRET_BYTES = 32, SIGNING_KEYS = 3 };

/*
 * Reads settings.secrets_dir/name into key. Creates a missing folder (0700) and a missing file
 * (0600, random bytes in hexadecimal). Several programs may do so at once. Exits with 78 and a
 * sentence when other users can read the file, when it belongs to another user, or when it has
 * other content.
 */
void secret_load(const char *name, unsigned char key[SECRET_BYTES]);

/*
 * Loads the signing keys: jwt.key, and jwt.key.next and jwt.key.previous if they exist. Returns how
 * many were loaded. The first key signs. Signatures of all of them are accepted.
 */
int secret_load_signing(unsigned char keys[SIGNING_KEYS][SECRET_BYTES]);

#endif
