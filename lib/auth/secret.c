/* SPDX-License-Identifier: MIT */
/* Secrets in files. */
#include "lib/auth/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/random.h"
#include "lib/base/settings.h"

enum { HEX_BYTES = SECRET_BYTES * 2 + 1 };

static void
refuse(const char *path, const char *why)
{
	log_line(LOG_ERROR, "secret_refused", "path=%s why=%s", path, why);
	exit(78);
}

/*
 * Makes a secret's file under a temporary name and links it to its path. So the path never has a
 * part of a secret. Of several processes that do so at once, the first one's file counts.
 */
static void
secret_make(const char *path)
{
	unsigned char key[SECRET_BYTES];
	char hex[HEX_BYTES], own[PATH_MAX + 16];

	random_bytes(key, sizeof key);
	sodium_bin2hex(hex, sizeof hex, key, sizeof key);
	snprintf(own, sizeof own, "%s.%ld", path, (long)getpid());
	int fd = open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, hex, HEX_BYTES - 1) != HEX_BYTES - 1 || fsync(fd) != 0 || close(fd) != 0)
		refuse(path, strerror(errno));
	if (link(own, path) != 0 && errno != EEXIST)
		refuse(path, strerror(errno));
	unlink(own);
	sodium_memzero(key, sizeof key);
	sodium_memzero(hex, sizeof hex);
}

void
secret_load(const char *name, unsigned char key[SECRET_BYTES])
{
	char path[PATH_MAX], hex[HEX_BYTES + 1] = "";
	struct stat st;
	size_t len;

	snprintf(path, sizeof path, "%s/%s", settings.secrets_dir, name);
	if (mkdir(settings.secrets_dir, 0700) != 0 && errno != EEXIST)
		refuse(settings.secrets_dir, strerror(errno));
	if (access(path, F_OK) != 0)
		secret_make(path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		refuse(path, strerror(errno));
	if (st.st_mode & 077)
		refuse(path, "others can read it: chmod 600");
	if (st.st_uid != geteuid() && geteuid() != 0)
		refuse(path, "it belongs to another user");
	ssize_t n = read(fd, hex, HEX_BYTES);
	close(fd);
	if (n < HEX_BYTES - 1 || sodium_hex2bin(key, SECRET_BYTES, hex, HEX_BYTES - 1, NULL, &len, NULL) != 0 || len != SECRET_BYTES)
		refuse(path, "not 32 bytes in hexadecimal");
	sodium_memzero(hex, sizeof hex);
}

/* Loads a secret that need not exist. Returns false when it does not. */
static bool
secret_load_optional(const char *name, unsigned char key[SECRET_BYTES])
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", settings.secrets_dir, name);
	if (access(path, F_OK) != 0)
		return false;
	secret_load(name, key);
	return true;
}

int
secret_load_signing(unsigned char keys[SIGNING_KEYS][SECRET_BYTES])
{
	int count = 1;

	secret_load("jwt.key", keys[0]);
	if (secret_load_optional("jwt.key.next", keys[count]))
		count++;
	if (secret_load_optional("jwt.key.previous", keys[count]))
		count++;
	return count;
}
