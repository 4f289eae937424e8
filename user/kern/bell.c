// SPDX-License-Identifier: Apache-2.0
/* Bells, see bell.h. */
#include "kern/bell.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/pins.h"

int rz_bell_new(const char *pin_dir, const char *bell)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), err;
	char path[4200];

	if (fd < 0)
		return -errno;
	rz_pins_path(path, sizeof(path), pin_dir, bell);
	if (inotify_add_watch(fd, path, IN_ATTRIB) >= 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

void rz_bell_read(int fd)
{
	char events[4096]; /* of one file, without a name: 16 bytes each */

	while (read(fd, events, sizeof(events)) > 0)
		;
}

void rz_bell_ring(const char *pin_dir, const char *bell)
{
	char path[4200];

	rz_pins_path(path, sizeof(path), pin_dir, bell);
	utimensat(AT_FDCWD, path, NULL, 0);
}
