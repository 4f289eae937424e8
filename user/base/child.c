// SPDX-License-Identifier: Apache-2.0
/* Running a program, see child.h. */
#include "base/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* Signals that this process waits for in its own way come to the child as usual. */
static int start(char *const argv[], int out_fd, int err_fd, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int err;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", 0, 0);
	posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, err_fd, STDERR_FILENO);
	err = posix_spawnp(ret, argv[0], &files, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return -err;
}

/* Readable once the process has ended. -1 on kernels before 5.3, where nothing limits its time. */
static void wait_or_kill(pid_t pid, uint64_t timeout_ns, bool *killed)
{
	struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	uint64_t deadline = rz_now_ns() + timeout_ns, now;
	int n = 0;

	while (p.fd >= 0 && n <= 0 && (now = rz_now_ns()) < deadline)
		n = poll(&p, 1, (int)((deadline - now) / 1000000 + 1));
	*killed = p.fd >= 0 && n <= 0;
	if (*killed)
		kill(pid, SIGKILL);
	if (p.fd >= 0)
		close(p.fd);
}

int rz_child_run(char *const argv[], int out_fd, int err_fd, uint64_t timeout_ns)
{
	bool killed = false;
	int status, err;
	pid_t pid;

	err = start(argv, out_fd, err_fd, &pid);
	if (err)
		return err;
	wait_or_kill(pid, timeout_ns, &killed);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (killed)
		return -ETIMEDOUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
