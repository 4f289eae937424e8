// SPDX-License-Identifier: Apache-2.0
/* user/enter/keep.c: whichever of the three processes is killed, somebody answers again, and all of
 * them end with the pipe. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "enter/keep.h"

#define AGAIN_NS    (10 * 1000000ULL)
#define DEADLINE_NS (20 * RZ_SECOND_NS)

/* What the processes say, in memory that they share. */
static struct said {
	volatile pid_t keeper, answering;
	volatile unsigned answered, ended; /* how often */
} * said;

static int answer(const void *arg, pid_t keeper)
{
	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* as enter/confine.c does */
	if (getppid() != keeper)
		return 1;
	said->keeper = keeper;
	said->answering = getpid();
	said->answered++;
	pause();
	return 1;
}

static void ended(pid_t pid)
{
	(void)pid;
	said->ended++;
}

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* The keeper's other child; 0: it is not there yet. */
static pid_t spare_of(pid_t keeper)
{
	char path[64], name[32] = "";
	int pids[4], n, i;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", keeper, keeper);
	f = fopen(path, "r");
	if (!f)
		return 0;
	n = fscanf(f, "%d %d %d %d", &pids[0], &pids[1], &pids[2], &pids[3]);
	fclose(f);
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/proc/%d/comm", pids[i]);
		f = fopen(path, "r");
		if (f && fgets(name, sizeof(name), f) && !strcmp(name, RZ_KEEP_SPARE "\n")) {
			fclose(f);
			return pids[i];
		}
		if (f)
			fclose(f);
	}
	return 0;
}

/* Somebody answers who did not before, and there is a spare. */
static void wait_for_answer(unsigned more_than)
{
	uint64_t deadline_ns = rz_now_ns() + DEADLINE_NS;

	while (said->answered <= more_than || !spare_of(said->keeper)) {
		assert_true(rz_now_ns() < deadline_ns);
		rest();
	}
}

static int begin(int *ret_pipe)
{
	int pipes[2];
	pid_t pid;

	memset(said, 0, sizeof(*said));
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (!pid) {
		const struct rz_keep how = {
			.pipe = pipes[0], .answer = answer, .ended = ended, .again_ns = AGAIN_NS};

		close(pipes[1]);
		_exit(rz_keep(&how) ? 1 : 0);
	}
	close(pipes[0]);
	*ret_pipe = pipes[1];
	wait_for_answer(0);
	return pid;
}

/* They are this process's children when their parents are gone; none may be left. */
static void end(int pipe_fd)
{
	uint64_t deadline_ns = rz_now_ns() + DEADLINE_NS;
	pid_t pid = 0;

	close(pipe_fd);
	while (pid >= 0) {
		assert_true(rz_now_ns() < deadline_ns);
		pid = waitpid(-1, NULL, WNOHANG);
		if (!pid)
			rest();
	}
}

static void test_begins_and_ends(void **state)
{
	int pipe_fd;
	pid_t keeper = begin(&pipe_fd);

	(void)state;
	assert_int_equal(said->keeper, keeper);
	end(pipe_fd);
	assert_int_equal(said->ended, 0);
}

static void test_answering_killed(void **state)
{
	int pipe_fd, i;
	pid_t keeper = begin(&pipe_fd), was;

	(void)state;
	for (i = 1; i <= 3; i++) {
		was = said->answering;
		kill(was, SIGKILL);
		wait_for_answer((unsigned)i);
		assert_int_not_equal(said->answering, was);
		assert_int_equal(said->ended, i);
	}
	assert_int_equal(said->keeper, keeper);
	end(pipe_fd);
}

/* The spare, of each keeper in turn, is the next one. */
static void test_keeper_killed(void **state)
{
	int pipe_fd, i;
	pid_t spare;

	(void)state;
	begin(&pipe_fd);
	for (i = 1; i <= 3; i++) {
		spare = spare_of(said->keeper);
		kill(said->keeper, SIGKILL);
		wait_for_answer((unsigned)i);
		assert_int_equal(said->keeper, spare);
		assert_int_equal(said->ended, i);
	}
	end(pipe_fd);
}

static void test_spare_killed(void **state)
{
	uint64_t deadline_ns = rz_now_ns() + DEADLINE_NS;
	int pipe_fd;
	pid_t spare, next;

	(void)state;
	begin(&pipe_fd);
	spare = spare_of(said->keeper);
	kill(spare, SIGKILL);
	do {
		assert_true(rz_now_ns() < deadline_ns);
		rest();
		next = spare_of(said->keeper);
	} while (!next || next == spare);
	/* nobody else has noticed, and it is a spare as good as the first */
	assert_int_equal(said->answered, 1);
	assert_int_equal(said->ended, 0);
	kill(said->keeper, SIGKILL);
	wait_for_answer(1);
	assert_int_equal(said->keeper, next);
	end(pipe_fd);
}

/* The keeper and the one that answers at once: as an operator's killall would. */
static void test_two_killed(void **state)
{
	int pipe_fd;
	pid_t spare;

	(void)state;
	begin(&pipe_fd);
	spare = spare_of(said->keeper);
	kill(said->answering, SIGKILL);
	kill(said->keeper, SIGKILL);
	wait_for_answer(1);
	assert_int_equal(said->keeper, spare);
	end(pipe_fd);
}

/* A byte in the pipe is for the one that answers alone. */
static void test_byte(void **state)
{
	int pipe_fd;
	pid_t keeper = begin(&pipe_fd), was = said->answering;

	(void)state;
	assert_int_equal(write(pipe_fd, "", 1), 1);
	wait_for_answer(1);
	assert_int_not_equal(said->answering, was);
	assert_int_equal(said->keeper, keeper);
	end(pipe_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begins_and_ends), cmocka_unit_test(test_answering_killed),
		cmocka_unit_test(test_keeper_killed),	cmocka_unit_test(test_spare_killed),
		cmocka_unit_test(test_two_killed),	cmocka_unit_test(test_byte)};

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (said == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
