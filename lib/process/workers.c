/* SPDX-License-Identifier: MIT */
/* The supervisor of the workers. */
#include "lib/process/workers.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/log_file.h"
#include "lib/base/memory.h"
#include "lib/base/settings.h"
#include "lib/process/spawn.h"

enum {
	PAUSE_MIN_MS = 50, /* before a worker that died is restarted; doubled after each failure */
	PAUSE_MAX_MS = 5000,
	GOOD_MS = 10000, /* after this time a worker counts as healthy */
	START_MS = 60000,
	KILL_MS = 1000, /* after the drain time, or after SIGABRT */
	/*
	 * the most silence that is counted at once: when the whole machine pauses, so do the
	 * workers
	 */
	WATCHED_MOST_MS = WORKER_BEAT_MS * 3 / 2,
	BEATS_BYTES = 64,
};

enum process_state {
	PROCESS_NONE,
	PROCESS_STARTING, /* not ready yet */
	PROCESS_RUNNING,
	PROCESS_LEAVING, /* signalled, and killed at its deadline */
};

struct process {
	enum process_state state;
	pid_t pid;
	int slot;
	int pipe; /* reports that the worker is ready, then its heartbeats; -1: closed */
	bool is_hung;
	int64_t since_ms, deadline_ms;
	int64_t silent_ms; /* since its last heartbeat */
};

struct slot {
	int64_t next_ms; /* no start before this time */
	int64_t pause_ms;
	bool stale; /* its worker must be replaced … */
	/* … and not before this time, because its successor could not be started */
	int64_t again_ms;
};

static struct {
	const struct workers *workers;
	char program[PATH_MAX];
	char **argv;
	int signals;
	int room;
	struct slot *slot;
	struct process *process; /* two for each slot: a worker and its successor */
	bool stopping;
	int64_t watched_ms; /* when silence was last counted */
} sv;

void
workers_refuse(const char *what, const char *why)
{
	log_line(LOG_ERROR, "supervisor_refused", "what=%s why=%s", what, why);
	exit(73);
}

/* ---- processes ---- */

static struct process *
process_room(void)
{
	for (int i = 0; i < sv.room; i++)
		if (sv.process[i].state == PROCESS_NONE)
			return &sv.process[i];
	return NULL;
}

/* Starts a worker. Returns false when it could not. */
static bool
process_start(int slot)
{
	struct process *p = process_room();
	int pipe;

	sv.slot[slot].next_ms = clock_ms() + PAUSE_MAX_MS;
	if (!p)
		return false;
	pid_t pid = spawn_worker(sv.program, sv.argv, sv.workers->descriptors + slot * sv.workers->given, sv.workers->given, &pipe);
	if (pid < 0) {
		log_line(LOG_ERROR, "fork_failed", "why=%s", strerror(errno));
		return false;
	}
	int64_t now = clock_ms();
	fcntl(pipe, F_SETFL, O_NONBLOCK);
	*p = (struct process){ .state = PROCESS_STARTING, .pid = pid, .slot = slot, .pipe = pipe, .since_ms = now, .deadline_ms = now + START_MS };
	return true;
}

static void
pipe_close(struct process *p)
{
	if (p->pipe >= 0)
		close(p->pipe);
	p->pipe = -1;
}

/* Asks a worker to leave. A worker that has not begun to serve has nothing to finish. */
static void
process_leave(struct process *p, int how)
{
	kill(p->pid, p->state == PROCESS_STARTING ? WORKER_REPLACED : how);
	pipe_close(p);
	p->state = PROCESS_LEAVING;
	p->deadline_ms = clock_ms() + settings.drain_seconds * 1000 + KILL_MS;
}

static struct process *
process_find(int slot, enum process_state state)
{
	for (int i = 0; i < sv.room; i++)
		if (sv.process[i].state == state && sv.process[i].slot == slot)
			return &sv.process[i];
	return NULL;
}

/* Notes that a worker serves. The worker that it replaces may leave. */
static void
process_ready(struct process *p)
{
	struct process *before = process_find(p->slot, PROCESS_RUNNING);

	p->silent_ms = 0;
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
	s->next_ms = clock_ms() + s->pause_ms;
}

static void
process_ended(struct process *p, int status)
{
	int64_t lived = clock_ms() - p->since_ms;
	struct process was = *p;

	pipe_close(p);
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

/* Returns whether a process has to start, or to end, by its deadline. */
static bool
process_is_bounded(const struct process *p)
{
	return p->state == PROCESS_STARTING || p->state == PROCESS_LEAVING || p->is_hung;
}

/*
 * Returns whether silence of the process is counted. A worker of an older program closes its pipe
 * and is not watched.
 */
static bool
process_is_watched(const struct process *p)
{
	return p->state == PROCESS_RUNNING && p->pipe >= 0 && sv.workers->hang_ms;
}

static bool
processes_watched(void)
{
	for (int i = 0; i < sv.room; i++)
		if (process_is_watched(&sv.process[i]))
			return true;
	return false;
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
		if (info.ssi_signo == SIGUSR1) {
			log_file_reopen();
		} else if (info.ssi_signo == SIGHUP) {
			log_file_reopen();
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

/*
 * Aborts a worker that is silent for too long. SIGABRT leaves a core where cores are enabled. A
 * stopped process reacts only to SIGKILL, which kill_late sends.
 */
static void
process_abort(struct process *p, int64_t now)
{
	log_line(LOG_ERROR, "worker_hung", "pid=%d silent_ms=%ld", (int)p->pid, (long)p->silent_ms);
	kill(p->pid, SIGABRT);
	pipe_close(p);
	p->is_hung = true;
	p->deadline_ms = now + KILL_MS;
}

/* Counts the silence of workers. Heartbeats that have arrived were read before. */
static void
abort_hung(int64_t now)
{
	int64_t passed = now - sv.watched_ms;

	sv.watched_ms = now;
	if (passed > WATCHED_MOST_MS)
		passed = WATCHED_MOST_MS;
	for (int i = 0; i < sv.room; i++) {
		struct process *p = &sv.process[i];
		if (!process_is_watched(p))
			continue;
		p->silent_ms += passed;
		if (p->silent_ms >= sv.workers->hang_ms)
			process_abort(p, now);
	}
}

/*
 * Starts missing workers. When no other worker starts or leaves, it also starts the successor of
 * one stale worker.
 */
static void
fill_slots(int64_t now)
{
	for (int i = 0; i < sv.workers->count; i++)
		if (slot_is_empty(i) && now >= sv.slot[i].next_ms)
			(void)process_start(i); /* a failure is tried again */
	for (int i = 0; i < sv.workers->count && !processes_changing(); i++) {
		struct slot *s = &sv.slot[i];
		if (!s->stale || now < s->again_ms)
			continue;
		s->stale = !process_start(i);
		s->again_ms = s->stale ? now + PAUSE_MAX_MS : 0;
	}
}

/* Returns the milliseconds until the next deadline, or -1 without one. */
static int
turn_ms(int64_t now)
{
	int64_t due = INT64_MAX;

	for (int i = 0; i < sv.room; i++)
		if (process_is_bounded(&sv.process[i]) && sv.process[i].deadline_ms < due)
			due = sv.process[i].deadline_ms;
	for (int i = 0; i < sv.workers->count && !sv.stopping; i++) {
		const struct slot *s = &sv.slot[i];
		if (slot_is_empty(i) && s->next_ms < due)
			due = s->next_ms;
		if (s->stale && s->again_ms > now && s->again_ms < due)
			due = s->again_ms;
	}
	if (processes_watched() && sv.watched_ms + WORKER_BEAT_MS < due)
		due = sv.watched_ms + WORKER_BEAT_MS;
	if (due == INT64_MAX)
		return -1;
	return due > now ? (int)(due - now) : 0;
}

/* Reads a worker's pipe: its first byte says that it is ready, later bytes are heartbeats. */
static void
process_heard(struct process *p)
{
	char beats[BEATS_BYTES];
	ssize_t n = read(p->pipe, beats, sizeof beats);

	if (n == 0)
		pipe_close(p);
	else if (n > 0 && p->state == PROCESS_STARTING)
		process_ready(p);
	else if (n > 0)
		p->silent_ms = 0;
}

/* Waits for a signal, for bytes of a worker, or for the next deadline. */
static void
turn(void)
{
	struct pollfd wait[1 + sv.room];
	struct process *heard[1 + sv.room];
	nfds_t n = 1;

	wait[0] = (struct pollfd){ .fd = sv.signals, .events = POLLIN };
	for (int i = 0; i < sv.room; i++) {
		if (sv.process[i].state == PROCESS_NONE || sv.process[i].pipe < 0)
			continue;
		heard[n] = &sv.process[i];
		wait[n++] = (struct pollfd){ .fd = sv.process[i].pipe, .events = POLLIN };
	}
	if (poll(wait, n, turn_ms(clock_ms())) < 0)
		return;
	for (nfds_t i = 1; i < n; i++)
		if (wait[i].revents && heard[i]->pipe == wait[i].fd)
			process_heard(heard[i]);
	if (wait[0].revents)
		take_signals();
}

static void
signals_open(void)
{
	sigset_t taken;

	sigemptyset(&taken);
	for (const int *s = (const int[]){ SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD, 0 }; *s; s++)
		sigaddset(&taken, *s);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	signal(SIGPIPE, SIG_IGN);
	sv.signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sv.signals < 0)
		workers_refuse("signalfd", strerror(errno));
}

/* Finds the path of this program. A restart runs the file that the path has by then. */
static void
program_find(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", sv.program, sizeof sv.program - 1);

	if (n < 0)
		workers_refuse("/proc/self/exe", strerror(errno));
	sv.program[n] = '\0';
	sv.argv = memory_alloc((size_t)(argc + 2) * sizeof *sv.argv);
	memcpy(sv.argv, argv, (size_t)argc * sizeof *sv.argv);
	sv.argv[argc] = (char *)(uintptr_t)WORKER_FLAG;
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
	sv.watched_ms = clock_ms();
	while (!sv.stopping || processes_any()) {
		if (!sv.stopping)
			fill_slots(clock_ms());
		turn();
		abort_hung(clock_ms());
		kill_late(clock_ms());
	}
	log_line(LOG_INFO, "ended", "pid=%d", (int)getpid());
	close(sv.signals);
	free(sv.slot);
	free(sv.process);
	free(sv.argv);
	return 0;
}
