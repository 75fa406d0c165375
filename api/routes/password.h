/* SPDX-License-Identifier: MIT */
/*
 * Password hashes by argon2id. Few are computed at a time, because each takes a tenth of a second
 * of a core and about 20 MiB.
 */
#ifndef API_PASSWORD_H
#define API_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

enum { PASSWORD_HASH_BYTES = 128 };

enum password_verdict { PASSWORD_RIGHT, PASSWORD_WRONG, PASSWORD_BUSY };

/*
 * Makes the hash that passwords of unknown names are checked against. Called once, before threads
 * start.
 */
void passwords_open(void);

/*
 * Computes the hash to store. Returns false when too many hashes are being computed. address: the
 * client's number (lib/auth/address.h), which has one hash at a time.
 */
bool password_hash(uint64_t address, const char *password, char out[PASSWORD_HASH_BYTES]) __attribute__((warn_unused_result));

/*
 * Checks a password. Without a hash (an unknown user) it takes the same time and returns
 * PASSWORD_WRONG.
 */
enum password_verdict password_check(uint64_t address, const char *password, const char *hash);

#endif
