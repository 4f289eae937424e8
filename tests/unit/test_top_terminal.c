// SPDX-License-Identifier: Apache-2.0
/* user/cmd/top_terminal.c: in whatever way the process ends, its terminal is as it was. Each way in
 * a child of its own, on a terminal of its own. */
#include "unit.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/top_terminal.h"

enum { TAKEN = 'T' };

/* A child with a terminal takes it, says so, and waits to be ended. */
static pid_t start(int *ret_master, void (*then)(void))
{
	static const struct rlimit no_core;
	pid_t pid = forkpty(ret_master, NULL, NULL, &(struct winsize){.ws_row = 33, .ws_col = 99});

	assert_true(pid >= 0);
	if (pid)
		return pid;
	setrlimit(RLIMIT_CORE, &no_core);
	if (rz_terminal_take())
		_exit(99);
	putchar(TAKEN);
	fflush(stdout);
	then();
	exit(0);
}

static void wait_for_signal(void)
{
	while (true)
		pause();
}

static void return_at_once(void)
{
}

static void give_back_twice(void)
{
	rz_terminal_give_back();
	rz_terminal_give_back();
}

/* Reads until `wanted` has come, or nothing more does. */
static bool comes(int master, const char *wanted, char *all, size_t size)
{
	struct pollfd p = {master, POLLIN, 0};
	size_t len = strlen(all);
	ssize_t n;

	while (!strstr(all, wanted) && len + 1 < size && poll(&p, 1, 5000) > 0) {
		n = read(master, all + len, size - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		all[len] = 0;
	}
	return strstr(all, wanted);
}

/* Ends a child by a signal (0: it ends by itself), and looks at its terminal. */
static void ends(int sig, void (*then)(void))
{
	struct termios before, during, after;
	char out[4096] = "";
	int master, status;
	pid_t pid;

	pid = start(&master, then);
	assert_true(comes(master, "\033[?1049h", out, sizeof(out)));
	assert_true(comes(master, "T", out, sizeof(out)));
	if (sig) {
		assert_int_equal(tcgetattr(master, &during), 0);
		assert_int_equal(during.c_lflag & (ECHO | ICANON), 0);
		assert_int_equal(during.c_lflag & ISIG, ISIG); /* Ctrl-C is a signal */
		kill(pid, sig);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (sig)
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == sig);
	else
		assert_int_equal(status, 0);
	/* a new terminal is as the system makes one */
	assert_int_equal(openpty(&(int){0}, &status, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(status, &before), 0);
	assert_int_equal(tcgetattr(master, &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_iflag, before.c_iflag);
	assert_memory_equal(after.c_cc, before.c_cc, sizeof(after.c_cc));
	assert_true(comes(master, "\033[?25h\033[?1049l", out, sizeof(out)));
	assert_null(strstr(strstr(out, "\033[?1049l") + 1, "\033[?1049l")); /* once */
	close(status);
	close(master);
}

static void test_ends_by_itself(void **state)
{
	(void)state;
	ends(0, return_at_once);
	ends(0, give_back_twice);
}

static void test_ends_by_a_signal(void **state)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT, SIGALRM};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(signals); i++)
		ends(signals[i], wait_for_signal);
}

static void print_size(void)
{
	size_t width, height;

	rz_terminal_size(&width, &height);
	printf("%zux%zu.", width, height);
}

static void test_size(void **state)
{
	char out[4096] = "";
	int master, status;
	pid_t pid = start(&master, print_size);

	(void)state;
	assert_true(comes(master, "99x33.", out, sizeof(out)));
	waitpid(pid, &status, 0);
	close(master);
}

static void test_no_terminal(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		close(STDIN_FILENO);
		_exit(rz_terminal_take() == -ENOTTY ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends_by_itself),
		cmocka_unit_test(test_ends_by_a_signal),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
