// SPDX-License-Identifier: Apache-2.0
/* Starting other programs, see child.h. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/clock.h"

typedef int (*spawn_fn)(pid_t *, const char *, const posix_spawn_file_actions_t *,
			const posix_spawnattr_t *, char *const[], char *const[]);

/* Signals that this process has blocked, to wait for them in its own way, come to the child as
 * usual. */
static int start(spawn_fn fn, const char *path, const posix_spawn_file_actions_t *files,
		 char *const argv[], char *const envp[], pid_t *ret)
{
	posix_spawnattr_t attr;
	sigset_t none;
	int err;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	err = fn(ret, path, files, &attr, argv, envp);
	posix_spawnattr_destroy(&attr);
	return -err;
}

/* ---- a program that is run to its end ---- */

static int start_any(char *const argv[], int out_fd, int err_fd, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	int err;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, err_fd, STDERR_FILENO);
	err = start(posix_spawnp, argv[0], &files, argv, environ, ret);
	posix_spawn_file_actions_destroy(&files);
	return err;
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

	err = start_any(argv, out_fd, err_fd, &pid);
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

/* ---- a program beside this one ---- */

/* Copies of fds, above all the numbers that the program gets: dup2(2) of one must not close
 * another, and of a descriptor onto itself it would leave FD_CLOEXEC. How many were made. */
static size_t copy_above(const int fds[], size_t n, int copies[])
{
	size_t i;

	for (i = 0; i < n; i++) {
		copies[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, RZ_CHILD_FD + RZ_CHILD_FDS_MAX);
		if (copies[i] < 0)
			break;
	}
	return i;
}

static int start_with(const char *path, char *const argv[], char *const envp[], const int fds[],
		      size_t n, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	size_t i;
	int err;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	for (i = 0; i < n; i++)
		posix_spawn_file_actions_adddup2(&files, fds[i], RZ_CHILD_FD + (int)i);
	err = start(posix_spawn, path, &files, argv, envp, ret);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

int rz_child_start(char *const argv[], char *const envp[], const int fds[], size_t n,
		   pid_t *ret_pid)
{
	int copies[RZ_CHILD_FDS_MAX], err;
	char path[PATH_MAX];
	size_t made;

	if (n > RZ_CHILD_FDS_MAX)
		return -EINVAL;
	err = rz_path_beside(argv[0], path, sizeof(path));
	if (err)
		return err;
	made = copy_above(fds, n, copies);
	err = made < n ? -errno : start_with(path, argv, envp, copies, n, ret_pid);
	while (made)
		close(copies[--made]);
	return err;
}
