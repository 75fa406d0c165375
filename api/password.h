/* SPDX-License-Identifier: MIT */
/* Passwords: argon2id, few at a time, since each takes a tenth of a second of a core and some 20 MiB. */
#ifndef API_PASSWORD_H
#define API_PASSWORD_H

#include <stdbool.h>

enum { PASSWORD_HASH_BYTES = 128 };

enum password_verdict { PASSWORD_RIGHT, PASSWORD_WRONG, PASSWORD_BUSY };

/* Once, before threads. Makes the hash that unknown names are checked against. */
void passwords_open(void);

/* Makes the hash to keep. False when too many are at it already. */
bool password_hash(const char *password, char out[PASSWORD_HASH_BYTES]) __attribute__((warn_unused_result));

/* Checks a password. hash NULL (there is no such user) takes the same time and is wrong. */
enum password_verdict password_check(const char *password, const char *hash);

#endif
