// SPDX-License-Identifier: Apache-2.0
/* A program beside this one, see beside.h. */
#include "base/beside.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int rz_path_beside(const char *program, char *ret, size_t size)
{
	char path[PATH_MAX + 1];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
	char *slash;

	if (n < 0)
		return -errno;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash || n == PATH_MAX)
		return -ENAMETOOLONG;
	slash[1] = '\0';
	return snprintf(ret, size, "%s%s", path, program) < (int)size ? 0 : -ENAMETOOLONG;
}

int rz_exec_beside(const char *program, char *const argv[])
{
	char path[PATH_MAX + 64];
	int err = rz_path_beside(program, path, sizeof(path));

	if (err)
		return err;
	execv(path, argv);
	return -errno;
}
