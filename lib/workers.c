/* SPDX-License-Identifier: MIT */
/* The supervisor of the workers. */
#include "workers.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identifier.h"
#include "log.h"
#include "memory.h"
#include "settings.h"

enum {
	PAUSE_MIN_MS = 50, /* before a worker that died is started anew, doubled while that does not help */
	PAUSE_MAX_MS = 5000,
	GOOD_MS = 10000, /* a worker that lived so long was well */
	START_MS = 60000,
	KILL_MS = 1000,					   /* after the drain time */
	OUT_OF_THE_WAY = WORKER_GIVEN + WORKER_GIVEN_MOST, /* descriptors from here on are none that a worker finds */
};

static const char flag[] = "--worker";

enum process_state {
	PROCESS_NONE,
	PROCESS_STARTING, /* not ready yet */
	PROCESS_RUNNING,
	PROCESS_LEAVING, /* told to leave, will be killed at its deadline */
};

struct process {
	enum process_state state;
	pid_t pid;
	int slot;
	int ready; /* the pipe on which it tells that it is, while it starts */
	int64_t since_ms, deadline_ms;
};

struct slot {
	int64_t next_ms; /* not to be started before */
	int64_t pause_ms;
	bool stale; /* its worker is to be replaced */
};

static struct {
	const struct workers *workers;
	char program[PATH_MAX];
	char **argv;
	int signals;
	int room;
	struct slot *slot;
	struct process *process; /* room of them: two for each slot */
	bool stopping;
} sv;

void
workers_refuse(const char *what, const char *why)
{
	log_line(LOG_ERROR, "supervisor_refused", "what=%s why=%s", what, why);
	exit(73);
}

/* ---- processes ---- */

/* A descriptor may lie where another is to go, and dup2 onto itself would keep the close-on-exec flag: first all out of the way. */
static bool
descriptors_lay(int slot, int ready)
{
	int given = sv.workers->given, from[1 + WORKER_GIVEN_MOST] = { ready };

	memcpy(from + 1, sv.workers->descriptors + slot * given, (size_t)given * sizeof from[0]);
	for (int i = 0; i <= given; i++)
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
	for (int i = 0; i <= given; i++)
		if (from[i] < 0 || dup2(from[i], WORKER_READY + i) < 0)
			return false;
	return true;
}

/* Without a supervisor nobody would end a worker: the kernel does, from before the program begins. */
static void
process_exec(int slot, int ready, pid_t supervisor)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, WORKER_REPLACED);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (getppid() == supervisor && descriptors_lay(slot, ready))
		execv(sv.program, sv.argv);
	_exit(71);
}

static struct process *
process_room(void)
{
	for (int i = 0; i < sv.room; i++)
		if (sv.process[i].state == PROCESS_NONE)
			return &sv.process[i];
	return NULL;
}

static void
process_start(int slot)
{
	struct process *p = process_room();
	pid_t supervisor = getpid();
	int ready[2];

	sv.slot[slot].next_ms = time_steady_ms() + PAUSE_MAX_MS;
	if (!p || pipe2(ready, O_CLOEXEC) != 0)
		return;
	pid_t pid = fork();
	if (pid == 0)
		process_exec(slot, ready[1], supervisor);
	close(ready[1]);
	if (pid < 0) {
		log_line(LOG_ERROR, "fork_failed", "why=%s", strerror(errno));
		close(ready[0]);
		return;
	}
	int64_t now = time_steady_ms();
	*p = (struct process){ PROCESS_STARTING, pid, slot, ready[0], now, now + START_MS };
}

/* One that has not begun to serve has nothing to finish. */
static void
process_leave(struct process *p, int how)
{
	kill(p->pid, p->state == PROCESS_STARTING ? WORKER_REPLACED : how);
	p->state = PROCESS_LEAVING;
	p->deadline_ms = time_steady_ms() + settings.drain_seconds * 1000 + KILL_MS;
}

static struct process *
process_find(int slot, enum process_state state)
{
	for (int i = 0; i < sv.room; i++)
		if (sv.process[i].state == state && sv.process[i].slot == slot)
			return &sv.process[i];
	return NULL;
}

/* It serves: whom it replaces may leave. */
static void
process_ready(struct process *p)
{
	struct process *before = process_find(p->slot, PROCESS_RUNNING);

	close(p->ready);
	p->ready = -1;
	p->state = PROCESS_RUNNING;
	if (before)
		process_leave(before, WORKER_REPLACED);
}

static void
slots_stale(bool stale)
{
	for (int i = 0; i < sv.workers->count; i++)
		sv.slot[i].stale = stale;
}

static void
slot_pause(struct slot *s, int64_t lived_ms)
{
	s->pause_ms = lived_ms >= GOOD_MS || !s->pause_ms ? PAUSE_MIN_MS : s->pause_ms * 2;
	if (s->pause_ms > PAUSE_MAX_MS)
		s->pause_ms = PAUSE_MAX_MS;
	s->next_ms = time_steady_ms() + s->pause_ms;
}

static void
process_ended(struct process *p, int status)
{
	int64_t lived = time_steady_ms() - p->since_ms;
	struct process was = *p;

	if (p->ready >= 0)
		close(p->ready);
	p->state = PROCESS_NONE;
	if (sv.workers->ended)
		sv.workers->ended(was.pid);
	if (was.state == PROCESS_LEAVING || sv.stopping)
		return;
	log_line(LOG_ERROR, "worker_died", "pid=%d code=%d signal=%d lived_ms=%ld", (int)was.pid, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		 WIFSIGNALED(status) ? WTERMSIG(status) : 0, (long)lived);
	slot_pause(&sv.slot[was.slot], lived);
	if (was.state == PROCESS_STARTING && process_find(was.slot, PROCESS_RUNNING)) {
		log_line(LOG_ERROR, "restart_given_up", "pid=%d", (int)process_find(was.slot, PROCESS_RUNNING)->pid);
		slots_stale(false);
	}
}

static void
processes_reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < sv.room; i++)
			if (sv.process[i].state != PROCESS_NONE && sv.process[i].pid == pid)
				process_ended(&sv.process[i], status);
}

static bool
processes_any(void)
{
	for (int i = 0; i < sv.room; i++)
		if (sv.process[i].state != PROCESS_NONE)
			return true;
	return false;
}

/* It is to start, or to end, by a deadline. */
static bool
process_is_bounded(const struct process *p)
{
	return p->state == PROCESS_STARTING || p->state == PROCESS_LEAVING;
}

static bool
processes_changing(void)
{
	for (int i = 0; i < sv.room; i++)
		if (process_is_bounded(&sv.process[i]))
			return true;
	return false;
}

static bool
slot_is_empty(int slot)
{
	return !process_find(slot, PROCESS_STARTING) && !process_find(slot, PROCESS_RUNNING);
}

/* ---- turns of the loop ---- */

static void
stop(void)
{
	if (!sv.stopping && sv.workers->close)
		sv.workers->close();
	sv.stopping = true;
	for (int i = 0; i < sv.room; i++)
		if (sv.process[i].state == PROCESS_STARTING || sv.process[i].state == PROCESS_RUNNING)
			process_leave(&sv.process[i], WORKER_ENDS);
}

static void
take_signals(void)
{
	struct signalfd_siginfo info;

	while (read(sv.signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGHUP) {
			log_line(LOG_INFO, "restart", "workers=%d", sv.workers->count);
			slots_stale(true);
		} else if (info.ssi_signo != SIGCHLD) {
			stop();
		}
	}
	processes_reap();
}

static void
kill_late(int64_t now)
{
	for (int i = 0; i < sv.room; i++) {
		struct process *p = &sv.process[i];
		if (!process_is_bounded(p) || now < p->deadline_ms)
			continue;
		log_line(LOG_WARN, "worker_killed", "pid=%d", (int)p->pid);
		kill(p->pid, SIGKILL);
		p->deadline_ms = now + KILL_MS;
	}
}

/* Starts what is missing; and, when nothing else changes, the successor of one stale worker. */
static void
fill_slots(int64_t now)
{
	for (int i = 0; i < sv.workers->count; i++)
		if (slot_is_empty(i) && now >= sv.slot[i].next_ms)
			process_start(i);
	for (int i = 0; i < sv.workers->count && !processes_changing(); i++) {
		if (!sv.slot[i].stale)
			continue;
		sv.slot[i].stale = false;
		process_start(i);
	}
}

/* Milliseconds until something is due; -1: nothing is. */
static int
turn_ms(int64_t now)
{
	int64_t due = INT64_MAX;

	for (int i = 0; i < sv.room; i++)
		if (process_is_bounded(&sv.process[i]) && sv.process[i].deadline_ms < due)
			due = sv.process[i].deadline_ms;
	for (int i = 0; i < sv.workers->count && !sv.stopping; i++)
		if (slot_is_empty(i) && sv.slot[i].next_ms < due)
			due = sv.slot[i].next_ms;
	if (due == INT64_MAX)
		return -1;
	return due > now ? (int)(due - now) : 0;
}

/* Waits for a signal, a worker that is ready, or a moment at which something is due. */
static void
turn(void)
{
	struct pollfd wait[1 + sv.room];
	struct process *starting[1 + sv.room];
	nfds_t n = 1;

	wait[0] = (struct pollfd){ .fd = sv.signals, .events = POLLIN };
	for (int i = 0; i < sv.room; i++) {
		if (sv.process[i].state != PROCESS_STARTING)
			continue;
		starting[n] = &sv.process[i];
		wait[n++] = (struct pollfd){ .fd = sv.process[i].ready, .events = POLLIN };
	}
	if (poll(wait, n, turn_ms(time_steady_ms())) < 0)
		return;
	for (nfds_t i = 1; i < n; i++) {
		char byte;
		if (wait[i].revents & POLLIN && read(wait[i].fd, &byte, 1) == 1)
			process_ready(starting[i]);
	}
	if (wait[0].revents)
		take_signals();
}

static void
signals_open(void)
{
	sigset_t taken;

	sigemptyset(&taken);
	for (const int *s = (const int[]){ SIGTERM, SIGINT, SIGHUP, SIGCHLD, 0 }; *s; s++)
		sigaddset(&taken, *s);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	signal(SIGPIPE, SIG_IGN);
	sv.signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sv.signals < 0)
		workers_refuse("signalfd", strerror(errno));
}

/* The path of this program: whatever is there at the time of a restart is what is run. */
static void
program_find(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", sv.program, sizeof sv.program - 1);

	if (n < 0)
		workers_refuse("/proc/self/exe", strerror(errno));
	sv.program[n] = '\0';
	sv.argv = memory_alloc((size_t)(argc + 2) * sizeof *sv.argv);
	memcpy(sv.argv, argv, (size_t)argc * sizeof *sv.argv);
	sv.argv[argc] = (char *)flag;
}

void
workers_open(int argc, char **argv)
{
	program_find(argc, argv);
	signals_open();
}

int
workers_run(const struct workers *workers)
{
	assert(workers->given <= WORKER_GIVEN_MOST);
	sv.workers = workers;
	sv.room = workers->count * 2;
	sv.slot = memory_alloc((size_t)workers->count * sizeof *sv.slot);
	sv.process = memory_alloc((size_t)sv.room * sizeof *sv.process);
	while (!sv.stopping || processes_any()) {
		if (!sv.stopping)
			fill_slots(time_steady_ms());
		turn();
		kill_late(time_steady_ms());
	}
	log_line(LOG_INFO, "ended", "pid=%d", (int)getpid());
	close(sv.signals);
	free(sv.slot);
	free(sv.process);
	free(sv.argv);
	return 0;
}

/* ---- a worker's side ---- */

bool
worker_is(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], flag) == 0)
			return true;
	return false;
}

void
worker_begin(int given)
{
	struct stat pipe;
	bool all = fstat(WORKER_READY, &pipe) == 0 && S_ISFIFO(pipe.st_mode);

	for (int fd = WORKER_READY; fd < WORKER_GIVEN + given; fd++)
		all &= fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
	if (all)
		return;
	fprintf(stderr, "%s is for the supervisor only; one of another version has to be restarted\n", flag);
	exit(64);
}

void
worker_ready(void)
{
	if (write(WORKER_READY, "", 1) != 1)
		log_line(LOG_WARN, "supervisor_gone", "pid=%d", (int)getpid());
	close(WORKER_READY);
}
