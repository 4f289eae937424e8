// SPDX-License-Identifier: Apache-2.0
/* A program beside this one, see beside.h. */
#include "base/beside.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int rz_exec_beside(const char *program, char *const argv[])
{
	char path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
	char *slash;

	if (n < 0)
		return -errno;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash || n == PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(slash + 1, sizeof(path) - (size_t)(slash + 1 - path), "%s", program);
	execv(path, argv);
	return -errno;
}
