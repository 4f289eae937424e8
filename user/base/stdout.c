// SPDX-License-Identifier: Apache-2.0
/* The end of stdout, see stdout.h. */
#include "base/stdout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int why; /* errno of the first failed write that was seen */

int rz_stdout_flush(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	if (!why)
		why = errno;
	return -EIO;
}

/* A reader that went away without SIGPIPE is told like any other failure: what it wanted is cut. */
static void at_exit(int status, void *arg)
{
	(void)arg;
	if (!rz_stdout_flush())
		return;
	fprintf(stderr,
		"rezone: cannot write to stdout%s%s; the output is cut, give it a place with "
		"room\n",
		why ? ": " : "", why ? strerror(why) : "");
	_exit(status ? status : 1);
}

/* Opened the wrong way round, for a write to fail as it would on a closed descriptor. */
static void keep_closed(int fd, int mode)
{
	if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
		(void)!open("/dev/null", mode); /* the lowest free one is fd */
}

void rz_stdout_guard(void)
{
	keep_closed(STDIN_FILENO, O_WRONLY);
	keep_closed(STDOUT_FILENO, O_RDONLY);
	keep_closed(STDERR_FILENO, O_RDONLY);
	on_exit(at_exit, NULL);
}
