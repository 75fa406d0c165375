/* SPDX-License-Identifier: MIT */
/* The file of the log. */
#include "lib/base/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"

enum { LOOK_MS = 1000, FILE_MODE = 0640 };

static struct {
	const char *path;
	long limit;
	_Atomic int64_t next_ms;
} file;

/*
 * Opens the file as standard error. dup2 replaces the descriptor in one step, so other threads
 * write to the old file or to the new one.
 */
static bool
file_open(void)
{
	int fd = open(file.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, FILE_MODE);

	if (fd < 0)
		return false;
	bool good = dup2(fd, STDERR_FILENO) >= 0;
	close(fd);
	return good;
}

void
log_file_open(const char *path, long limit)
{
	if (!*path)
		return;
	file.path = path;
	file.limit = limit;
	if (file_open())
		return;
	fprintf(stderr, "cannot open the log %s: %s\n", path, strerror(errno));
	exit(73);
}

void
log_file_reopen(void)
{
	if (file.path && !file_open())
		return; /* reported nowhere: the old file stays open */
}

static bool
file_is_at_path(struct stat *opened)
{
	struct stat there;

	return fstat(STDERR_FILENO, opened) == 0 && stat(file.path, &there) == 0 && there.st_dev == opened->st_dev && there.st_ino == opened->st_ino;
}

/*
 * Renames the full file and opens a new one. A lock on the full file lets one of several processes
 * rename it. The others then find another file at the path.
 */
static void
file_rotate(void)
{
	char former[PATH_MAX];
	struct stat opened;

	if (flock(STDERR_FILENO, LOCK_EX | LOCK_NB) != 0)
		return;
	if (file_is_at_path(&opened) && snprintf(former, sizeof former, "%s.1", file.path) < (int)sizeof former && rename(file.path, former) == 0 &&
	    file_open())
		return; /* closing the old file has released the lock */
	flock(STDERR_FILENO, LOCK_UN);
}

void
log_file_look(void)
{
	struct stat opened;

	if (!file.path)
		return;
	int64_t now = clock_ms(), due = atomic_load(&file.next_ms);
	if (now < due || !atomic_compare_exchange_strong(&file.next_ms, &due, now + LOOK_MS))
		return;
	if (!file_is_at_path(&opened))
		log_file_reopen();
	else if (file.limit > 0 && opened.st_size >= file.limit)
		file_rotate();
}
