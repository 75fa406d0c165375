/* SPDX-License-Identifier: MIT */
/* Shared memory without a name in a file system. */
#include "lib/process/shared.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"

int
shared_make(const char *name, size_t bytes)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)bytes) == 0)
		return fd;
	log_line(LOG_ERROR, "shared_memory_failed", "what=%s why=%s", name, strerror(errno));
	exit(71);
}

void *
shared_open(int fd, size_t *bytes)
{
	struct stat made;

	if (fstat(fd, &made) != 0)
		return NULL;
	*bytes = (size_t)made.st_size;
	void *at = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}
