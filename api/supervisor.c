/* SPDX-License-Identifier: MIT */
/* The supervisor of the workers. */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/identifier.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/settings.h"
#include "limiter.h"
#include "metrics.h"
#include "worker.h"

enum {
	BACKLOG = 1024,
	ACCEPT_TIMEOUT_MS = 500, /* how often an idle thread looks whether it is to leave */
	TICK_MS = 100,
	PAUSE_MIN_MS = 100, /* before a worker that died is started anew, doubled while that does not help */
	PAUSE_MAX_MS = 5000,
	GOOD_MS = 10000, /* a worker that lived so long was well */
	START_MS = 60000,
	KILL_MS = 1000, /* after the drain time */
};

enum process_state {
	PROCESS_NONE,
	PROCESS_STARTING, /* not accepting yet */
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
	char program[PATH_MAX];
	char **argv;
	int socket, limiter, signals;
	struct stat bound; /* the socket's file, so that only ours is taken away */
	int slots, room;
	struct slot *slot;
	struct process *process; /* room of them: two for each slot */
	bool stopping;
} sv;

static void
refuse(const char *what, const char *why)
{
	log_line(LOG_ERROR, "supervisor_refused", "what=%s why=%s", what, why);
	exit(73);
}

/* Moves a descriptor out of the way of those that a worker is started with. */
static int
descriptor_high(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, WORKER_DESCRIPTORS);

	close(fd);
	if (high < 0)
		refuse("descriptors", strerror(errno));
	return high;
}

/* ---- the socket ---- */

static struct sockaddr_un
socket_address(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(settings.api_socket) >= sizeof address.sun_path)
		refuse(settings.api_socket, "the path is too long for a socket");
	strcpy(address.sun_path, settings.api_socket);
	return address;
}

/* A socket file that nobody listens on is left over from one who was killed. */
static void
socket_clear(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
		refuse(settings.api_socket, "another api serves there");
	if (errno == ECONNREFUSED)
		unlink(settings.api_socket);
	close(fd);
}

/* Who may reach the folder may connect, as on a port of the loopback: the front server is often another user. */
static void
socket_bind(void)
{
	struct sockaddr_un address = socket_address();
	struct timeval timeout = { 0, ACCEPT_TIMEOUT_MS * 1000 };

	socket_clear(&address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || chmod(settings.api_socket, 0666) != 0 || listen(fd, BACKLOG) != 0)
		refuse(settings.api_socket, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	stat(settings.api_socket, &sv.bound);
	sv.socket = descriptor_high(fd);
}

static void
socket_unlink(void)
{
	struct stat now;

	if (stat(settings.api_socket, &now) == 0 && now.st_ino == sv.bound.st_ino && now.st_dev == sv.bound.st_dev)
		unlink(settings.api_socket);
}

/* ---- processes ---- */

static void
process_exec(int ready)
{
	/* dup2 onto itself would keep the close-on-exec flag, and one may lie where another is to go: first all out of the way. */
	const int from[] = { fcntl(sv.socket, F_DUPFD_CLOEXEC, WORKER_DESCRIPTORS), fcntl(sv.limiter, F_DUPFD_CLOEXEC, WORKER_DESCRIPTORS), ready };

	for (int i = 0; i < 3; i++)
		if (dup2(from[i], WORKER_SOCKET + i) < 0)
			_exit(71);
	/* libfcgi takes and frees buffers of 8 KiB for each request: kept per thread they cost nothing (glibc's default keeps up to 1 KiB) */
	setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_max=16384", 0);
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
	int ready[2];

	sv.slot[slot].next_ms = time_steady_ms() + PAUSE_MAX_MS;
	if (!p || pipe2(ready, O_CLOEXEC) != 0)
		return;
	ready[1] = descriptor_high(ready[1]);
	pid_t pid = fork();
	if (pid == 0)
		process_exec(ready[1]);
	close(ready[1]);
	if (pid < 0) {
		log_line(LOG_ERROR, "fork_failed", "why=%s", strerror(errno));
		close(ready[0]);
		return;
	}
	int64_t now = time_steady_ms();
	*p = (struct process){ PROCESS_STARTING, pid, slot, ready[0], now, now + START_MS };
}

static void
process_leave(struct process *p, int signal)
{
	kill(p->pid, signal);
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

/* It accepts: whom it replaces may leave. */
static void
process_ready(struct process *p)
{
	struct process *before = process_find(p->slot, PROCESS_RUNNING);

	close(p->ready);
	p->ready = -1;
	p->state = PROCESS_RUNNING;
	if (before)
		process_leave(before, SIGTERM);
}

static void
slots_stale(bool stale)
{
	for (int i = 0; i < sv.slots; i++)
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

/* ---- turns of the loop ---- */

static void
take_signals(void)
{
	struct signalfd_siginfo info;

	while (read(sv.signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGHUP) {
			log_line(LOG_INFO, "restart", "workers=%d", sv.slots);
			slots_stale(true);
		}
		if (info.ssi_signo != SIGTERM && info.ssi_signo != SIGINT)
			continue;
		if (!sv.stopping)
			socket_unlink();
		sv.stopping = true;
		for (int i = 0; i < sv.room; i++)
			if (sv.process[i].state == PROCESS_STARTING || sv.process[i].state == PROCESS_RUNNING)
				process_leave(&sv.process[i], SIGQUIT);
	}
	processes_reap();
}

static void
kill_late(int64_t now)
{
	for (int i = 0; i < sv.room; i++) {
		struct process *p = &sv.process[i];
		bool bounded = p->state == PROCESS_STARTING || p->state == PROCESS_LEAVING;
		if (!bounded || now < p->deadline_ms)
			continue;
		log_line(LOG_WARN, "worker_killed", "pid=%d", (int)p->pid);
		kill(p->pid, SIGKILL);
		p->deadline_ms = now + KILL_MS;
	}
}

static bool
processes_changing(void)
{
	for (int i = 0; i < sv.room; i++)
		if (sv.process[i].state == PROCESS_STARTING || sv.process[i].state == PROCESS_LEAVING)
			return true;
	return false;
}

/* Starts what is missing; and, when nothing else changes, the successor of one stale worker. */
static void
fill_slots(int64_t now)
{
	for (int i = 0; i < sv.slots; i++)
		if (!process_find(i, PROCESS_STARTING) && !process_find(i, PROCESS_RUNNING) && now >= sv.slot[i].next_ms)
			process_start(i);
	for (int i = 0; i < sv.slots && !processes_changing(); i++) {
		if (!sv.slot[i].stale)
			continue;
		sv.slot[i].stale = false;
		process_start(i);
	}
}

/* Waits for a signal, a worker that is ready, or the next tick. */
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
	if (poll(wait, n, TICK_MS) < 0)
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
		refuse("signalfd", strerror(errno));
}

/* The path of this program: whatever is there at the time of a restart is what is run. */
static void
program_find(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", sv.program, sizeof sv.program - 1);

	if (n < 0)
		refuse("/proc/self/exe", strerror(errno));
	sv.program[n] = '\0';
	sv.argv = memory_alloc((size_t)(argc + 2) * sizeof *sv.argv);
	memcpy(sv.argv, argv, (size_t)argc * sizeof *sv.argv);
	sv.argv[argc] = "--worker";
}

int
supervisor_run(int argc, char **argv)
{
	program_find(argc, argv);
	signals_open();
	sv.limiter = descriptor_high(limiter_make(sizeof(struct metrics)));
	sv.slots = (int)settings.api_workers;
	sv.room = sv.slots * 2;
	sv.slot = memory_alloc((size_t)sv.slots * sizeof *sv.slot);
	sv.process = memory_alloc((size_t)sv.room * sizeof *sv.process);
	socket_bind();
	log_line(LOG_INFO, "listening", "socket=%s workers=%d", settings.api_socket, sv.slots);

	while (!sv.stopping || processes_any()) {
		if (!sv.stopping)
			fill_slots(time_steady_ms());
		turn();
		kill_late(time_steady_ms());
	}
	log_line(LOG_INFO, "ended", "pid=%d", (int)getpid());
	free(sv.slot);
	free(sv.process);
	free(sv.argv);
	return 0;
}
