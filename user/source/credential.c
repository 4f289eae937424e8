// SPDX-License-Identifier: Apache-2.0
/* A file that the daemon opens for this process, see credential.h. */
#include "source/credential.h"

#include <errno.h>
#include <unistd.h>

void rz_credential_take(struct rz_credential *c, int fd, int error)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = fd;
	c->error = error;
}

ssize_t rz_credential_read(const struct rz_credential *c, char *dst, size_t size)
{
	size_t len = 0;
	ssize_t n = 0;

	if (c->fd < 0)
		return c->error ? -c->error : -ENOENT;
	while (len < size && (n = pread(c->fd, dst + len, size - len, (off_t)len)) > 0)
		len += (size_t)n;
	return n < 0 ? -errno : (ssize_t)len;
}
