/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that this process may not open: the daemon opens it, and passes a descriptor whenever the
 * file is another one.
 *
 * Comes in: descriptors, from tell.c. Goes out: the content as it is now, for api.c.
 */
#ifndef RZ_SOURCE_CREDENTIAL_H
#define RZ_SOURCE_CREDENTIAL_H

#include <stddef.h>
#include <sys/types.h>

struct rz_credential {
	const char *path; /* for people; NULL: there is none */
	int fd;		  /* -1: none was passed yet, or it cannot be opened */
	int error;	  /* errno of the daemon's open(2), 0 */
};

/* Takes the descriptor over in place of the one before. */
void rz_credential_take(struct rz_credential *c, int fd, int error);

/* Its first `size` bytes: how many, or -errno. */
ssize_t rz_credential_read(const struct rz_credential *c, char *dst, size_t size);

#endif
