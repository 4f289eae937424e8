// SPDX-License-Identifier: Apache-2.0
/* The cgroup of a trial, see trial_cgroup.h. */
#include "move/trial_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PREFIX "rezone-check-"
#define TRIES  100 /* of 20 ms: a killed trial's processes leave their cgroup a moment later */

static int open_locked(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		return -errno;
	return RZ_TAKE_FD(fd);
}

/* A pid may be another process's by now, or one of another namespace: whether a trial is still in
 * use is told by its lock, which the kernel gives back. */
static void remove_stale(const char *root)
{
	DIR *d = opendir(root);
	struct dirent *e;
	char path[4200];

	while (d && (e = readdir(d))) {
		_cleanup_close_ int fd = -1;

		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)))
			continue;
		snprintf(path, sizeof(path), "%.3900s/%.255s", root, e->d_name);
		fd = open_locked(path);
		if (fd >= 0)
			rmdir(path);
	}
	if (d)
		closedir(d);
}

/* Waits for the end of the process that made the cgroup: its end of the pipe is closed then. */
static void keep(const char *path, int gone)
{
	sigset_t all;
	char c;
	int i;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid(); /* ^C and kill of the group are for the trial */
	while (read(gone, &c, 1) < 0 && errno == EINTR)
		;
	for (i = 0; i < TRIES && rmdir(path) && errno == EBUSY; i++)
		poll(NULL, 0, 20);
	_exit(0);
}

static int start_keeper(struct rz_trial_cgroup *c)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid) {
		/* neither the pipe's other end nor an output that somebody waits to see closed */
		close(ends[1]);
		close(c->lock);
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		keep(c->path, ends[0]);
	}
	close(ends[0]);
	if (pid < 0) {
		int err = -errno;

		close(ends[1]);
		return err;
	}
	c->alive = ends[1];
	c->keeper = pid;
	return 0;
}

int rz_trial_cgroup_make(const char *root, struct rz_trial_cgroup *ret)
{
	struct rz_trial_cgroup c = {.lock = -1, .alive = -1};
	int err;

	remove_stale(root);
	snprintf(c.path, sizeof(c.path), "%s/" PREFIX "%d", root, getpid());
	if (mkdir(c.path, 0755) && errno != EEXIST)
		return -errno;
	/* another trial may take it for a stale one in this instant: then there is nothing to lock
	 */
	c.lock = open_locked(c.path);
	if (c.lock < 0)
		return c.lock;
	err = access(c.path, F_OK) ? -errno : start_keeper(&c);
	if (err) {
		close(c.lock);
		rmdir(c.path);
		return err;
	}
	*ret = c;
	return 0;
}

void rz_trial_cgroup_remove(struct rz_trial_cgroup *c)
{
	rmdir(c->path);
	close(c->alive);
	waitpid(c->keeper, NULL, 0);
	close(c->lock);
}
