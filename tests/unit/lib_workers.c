/* SPDX-License-Identifier: MIT */
/* The supervisor of workers. This program is its own worker, and reports its events. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/log.h"
#include "lib/base/settings.h"
#include "lib/process/shared.h"
#include "lib/process/workers.h"

enum { WORKERS = 2, REPORT = WORKER_GIVEN, ORDERS, SLOT_OF_FIRST, GIVEN = 3, PATIENCE_MS = 60000, BEAT_US = 10 * 1000, HANG_MS = 6000 };

struct report {
	/*
	 * R: ready; r: replaced; e: ends; c: the supervisor accepts no clients; x: it has noticed
	 * the end of a worker
	 */
	char what;
	int slot;
	pid_t pid;
};

/* Memory that all processes share. */
struct orders {
	volatile int dies;  /* a worker that starts ends at once */
	volatile int hangs; /* a running worker hangs */
	_Atomic int starts;
};

static int reports[2], slots[2][2], own_slot;
static struct orders *orders;
static pid_t supervisor, live[WORKERS];
static int test_argc;
static char **test_argv;

static void
tell(int fd, char what, pid_t pid)
{
	struct report r = { what, own_slot, pid };

	if (write(fd, &r, sizeof r) != sizeof r)
		_exit(70);
}

/* ---- the worker ---- */

static void
on_leave(int number)
{
	tell(REPORT, number == WORKER_REPLACED ? 'r' : 'e', getpid());
	_exit(0);
}

/*
 * Runs as a worker. The third descriptor belongs to its slot: it is the read end of a pipe, whose
 * size names the slot.
 */
static int
work(void)
{
	size_t bytes;

	worker_begin(GIVEN);
	orders = shared_open(ORDERS, &bytes);
	orders->starts++;
	if (orders->dies)
		_exit(3);
	own_slot = fcntl(SLOT_OF_FIRST, F_GETPIPE_SZ) > 4096;
	signal(WORKER_REPLACED, on_leave);
	signal(WORKER_ENDS, on_leave);
	tell(REPORT, 'R', getpid());
	worker_ready(1);
	while (!orders->hangs) {
		worker_beat(0);
		usleep(BEAT_US);
	}
	for (;;)
		pause();
}

/* ---- the supervisor ---- */

static void
on_close(void)
{
	tell(reports[1], 'c', getpid());
}

static void
on_ended(pid_t pid)
{
	tell(reports[1], 'x', pid);
}

static void
supervise(int memory)
{
	const int descriptors[WORKERS * GIVEN] = { reports[1], memory, slots[0][0], reports[1], memory, slots[1][0] };
	const struct workers workers = { WORKERS, GIVEN, descriptors, on_close, on_ended, HANG_MS };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	workers_open(test_argc, test_argv);
	_exit(workers_run(&workers));
}

/* ---- the tests ---- */

static struct report
next(void)
{
	struct report r = { 0 };
	struct pollfd wait = { .fd = reports[0], .events = POLLIN };

	assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
	assert_int_equal(read(reports[0], &r, sizeof r), sizeof r);
	return r;
}

static struct report
expect(char what)
{
	struct report r = next();

	assert_int_equal(r.what, what);
	if (what == 'R')
		live[r.slot] = r.pid;
	return r;
}

/*
 * Checks a round of replacements. The workers follow one another, and the old one is notified only
 * when the new one is ready.
 */
static void
expect_round(void)
{
	for (int i = 0; i < WORKERS; i++) {
		pid_t old = live[i];
		assert_int_equal(expect('R').slot, i);
		assert_int_not_equal(live[i], old);
		assert_int_equal(expect('r').pid, old);
		assert_int_equal(expect('x').pid, old);
	}
}

static int
start(void **unused)
{
	int memory = shared_make("test", sizeof *orders);
	size_t bytes;

	(void)unused;
	settings.drain_seconds = 10;
	orders = shared_open(memory, &bytes);
	if (pipe(reports) != 0)
		return -1;
	for (int i = 0; i < WORKERS; i++)
		if (pipe(slots[i]) != 0 || fcntl(slots[i][0], F_SETPIPE_SZ, 4096 << (4 * i)) < 0)
			return -1;
	supervisor = fork();
	if (supervisor == 0)
		supervise(memory);
	for (int i = 0; i < WORKERS; i++)
		expect('R');
	return live[0] && live[1] ? 0 : -1;
}

static int
end(void **unused)
{
	(void)unused;
	for (int i = 0; i < WORKERS; i++) {
		live[i] = 0;
		close(slots[i][0]);
		close(slots[i][1]);
	}
	close(reports[0]);
	close(reports[1]);
	return 0;
}

static void
test_ends(void **unused)
{
	int status;

	(void)unused;
	kill(supervisor, SIGTERM);
	expect('c');
	for (int ends = 0, ended = 0; ends + ended < 2 * WORKERS;) {
		struct report r = next();
		/* 'r' when the worker was not ready yet */
		bool ends_now = r.what == 'e' || r.what == 'r';
		assert_true(ends_now || r.what == 'x');
		ends += ends_now;
		ended += !ends_now;
	}
	assert_int_equal(waitpid(supervisor, &status, 0), supervisor);
	assert_int_equal(status, 0);
}

static void
test_replaces(void **unused)
{
	for (int round = 0; round < 3; round++) {
		kill(supervisor, SIGHUP);
		expect_round();
	}
	assert_int_equal(orders->starts, 4 * WORKERS);
	test_ends(unused);
}

static void
test_starts_again(void **unused)
{
	for (int i = 0; i < 3; i++) {
		pid_t killed = live[1];
		kill(killed, SIGKILL);
		assert_int_equal(expect('x').pid, killed);
		assert_int_equal(expect('R').slot, 1);
	}
	test_ends(unused);
}

static void
test_gives_up(void **unused)
{
	orders->dies = 1;
	kill(supervisor, SIGHUP);
	expect('x');
	orders->dies = 0;
	assert_int_equal(kill(live[0], 0), 0);
	assert_int_equal(kill(live[1], 0), 0);
	kill(supervisor, SIGHUP);
	expect_round();
	/* one attempt, and a whole round */
	assert_int_equal(orders->starts, WORKERS + 1 + WORKERS);
	test_ends(unused);
}

/* Returns whether the supervisor waits, and has taken all its signals. */
static bool
supervisor_rests(void)
{
	char path[64], line[128], state = 0;
	unsigned long pending = 1;

	snprintf(path, sizeof path, "/proc/%d/status", (int)supervisor);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		(void)sscanf(line, "State: %c", &state);
		(void)sscanf(line, "ShdPnd: %lx", &pending);
	}
	fclose(f);
	return state == 'S' && !pending;
}

/* Checks that workers are replaced later when there was no descriptor for a pipe. */
static void
test_starts_later(void **unused)
{
	struct rlimit before, few;

	assert_int_equal(prlimit(supervisor, RLIMIT_NOFILE, NULL, &before), 0);
	/* enough to poll, and all are open */
	few = (struct rlimit){ WORKERS + 2, before.rlim_max };
	assert_int_equal(prlimit(supervisor, RLIMIT_NOFILE, &few, NULL), 0);
	kill(supervisor, SIGHUP);
	while (!supervisor_rests())
		usleep(BEAT_US);
	assert_int_equal(orders->starts, WORKERS);
	assert_int_equal(prlimit(supervisor, RLIMIT_NOFILE, &before, NULL), 0);
	expect_round();
	test_ends(unused);
}

/*
 * Checks that a stopped worker and one that waits forever are replaced. A worker that sends
 * heartbeats stays.
 */
static void
test_hangs(void **unused)
{
	pid_t stopped = live[0], other = live[1];

	(void)unused;
	kill(stopped, SIGSTOP);
	assert_int_equal(expect('x').pid, stopped);
	assert_int_equal(expect('R').slot, 0);
	assert_int_equal(live[1], other);
	assert_int_equal(kill(other, 0), 0);
	orders->hangs = 1;
	expect('x');
	orders->hangs = 0;
	for (int starts = 0, ends = 1; starts < WORKERS || ends < WORKERS;) {
		struct report r = next();
		assert_true(r.what == 'R' || r.what == 'x');
		starts += r.what == 'R';
		ends += r.what == 'x';
	}
	kill(supervisor, SIGKILL);
	waitpid(supervisor, NULL, 0);
}

/*
 * Checks that no worker is replaced after the supervisor was stopped for longer than a worker may
 * be silent. The whole machine may have paused.
 */
static void
test_pauses(void **unused)
{
	pid_t before[WORKERS] = { live[0], live[1] };

	for (int i = 0; i < WORKERS; i++)
		kill(live[i], SIGSTOP);
	kill(supervisor, SIGSTOP);
	usleep((HANG_MS + 1000) * 1000);
	for (int i = 0; i < WORKERS; i++)
		kill(live[i], SIGCONT);
	kill(supervisor, SIGCONT);
	kill(supervisor, SIGHUP);
	expect_round();
	assert_int_not_equal(live[0], before[0]);
	assert_int_equal(orders->starts, 2 * WORKERS);
	test_ends(unused);
}

static void
test_none_left_behind(void **unused)
{
	(void)unused;
	kill(supervisor, SIGKILL);
	waitpid(supervisor, NULL, 0);
	expect('r');
	expect('r');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { TEST(test_ends),	     TEST(test_replaces), TEST(test_starts_again), TEST(test_gives_up),
					    TEST(test_starts_later), TEST(test_hangs),	  TEST(test_pauses),	   TEST(test_none_left_behind) };

	log_open("test", false);
	if (worker_is(argc, argv))
		return work();
	test_argc = argc;
	test_argv = argv;
	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
