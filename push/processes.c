/* SPDX-License-Identifier: MIT */
/* Several processes on one port: a supervisor that does nothing else. */
#include "processes.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/log.h"
#include "../lib/memory.h"
#include "metrics.h"

enum { RESTART_PAUSE_US = 200 * 1000 };

static volatile sig_atomic_t asked_to_end, asked_to_replace;

static void
on_signal(int number)
{
	if (number == SIGHUP)
		asked_to_replace = 1;
	else
		asked_to_end = 1;
}

static pid_t
child_start(void (*serve)(void))
{
	pid_t pid = fork();

	if (pid < 0) {
		log_line(LOG_ERROR, "fork_failed", "why=%s", strerror(errno));
		return 0;
	}
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGHUP, SIG_IGN);
	metrics_begin();
	serve();
	exit(0);
}

/* The one that takes over gets a moment to come up before the other is sent away. */
static void
child_replace(pid_t *child, void (*serve)(void))
{
	pid_t old = *child;

	*child = child_start(serve);
	usleep(RESTART_PAUSE_US);
	if (old > 0) {
		kill(old, SIGTERM);
		waitpid(old, NULL, 0);
		metrics_ended(old);
	}
}

static void
child_died(pid_t *children, int count, pid_t pid, int status, void (*serve)(void))
{
	for (int i = 0; i < count; i++) {
		if (children[i] != pid)
			continue;
		log_line(LOG_ERROR, "process_died", "pid=%d status=%d", (int)pid, status);
		metrics_ended(pid);
		usleep(RESTART_PAUSE_US);
		children[i] = child_start(serve);
	}
}

static void
supervise(pid_t *children, int count, void (*serve)(void))
{
	while (!asked_to_end) {
		int status;
		pid_t pid = waitpid(-1, &status, 0);
		if (asked_to_end)
			return;
		if (asked_to_replace) {
			asked_to_replace = 0;
			for (int i = 0; i < count; i++)
				child_replace(&children[i], serve);
		} else if (pid > 0) {
			child_died(children, count, pid, status, serve);
		}
	}
}

void
processes_run(int count, void (*serve)(void))
{
	struct sigaction action = { .sa_handler = on_signal };

	if (count == 1) {
		serve();
		return;
	}
	metrics_share(count);
	pid_t *children = memory_alloc((size_t)count * sizeof children[0]);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	for (int i = 0; i < count; i++)
		children[i] = child_start(serve);
	supervise(children, count, serve);
	for (int i = 0; i < count; i++)
		if (children[i] > 0)
			kill(children[i], SIGTERM);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	free(children);
}
