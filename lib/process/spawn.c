/* SPDX-License-Identifier: MIT */
/* The start of a worker process. */
#include "lib/process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/process/worker.h"

/* no descriptor of a worker has this number or a higher one */
enum { OUT_OF_THE_WAY = WORKER_GIVEN + WORKER_GIVEN_MOST };

/*
 * Places a worker's descriptors. They are duplicated to high numbers first, because one may occupy
 * another's place. dup2 onto itself would also keep the close-on-exec flag.
 */
static bool
descriptors_lay(const int *descriptors, int given, int ready)
{
	int from[1 + WORKER_GIVEN_MOST] = { ready };

	memcpy(from + 1, descriptors, (size_t)given * sizeof from[0]);
	for (int i = 0; i <= given; i++)
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
	for (int i = 0; i <= given; i++)
		if (from[i] < 0 || dup2(from[i], WORKER_READY + i) < 0)
			return false;
	return true;
}

/* Makes this process a worker. The kernel ends it if the supervisor dies, even before execv. */
static bool
worker_prepare(pid_t supervisor)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, WORKER_REPLACED);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return getppid() == supervisor;
}

pid_t
spawn_worker(const char *program, char **argv, const int *descriptors, int given, int *beats)
{
	pid_t supervisor = getpid(), pid;
	int ready[2];

	if (pipe2(ready, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (worker_prepare(supervisor) && descriptors_lay(descriptors, given, ready[1]))
			execv(program, argv);
		_exit(71);
	}
	int error = errno;
	close(ready[1]);
	if (pid < 0)
		close(ready[0]);
	errno = error;
	*beats = ready[0];
	return pid;
}
