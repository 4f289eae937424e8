/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose descriptor a socket is, and shutting it down: the client sees an end of file behind
 * everything that was sent, the agent likewise.
 *
 * Comes in: sockets of one network namespace, by addresses and cookie. Goes out: a FIN, by
 * pidfd_getfd(2) and shutdown(2) on the agent's own descriptor. Called by move/close.c.
 *
 * The process is looked for among those of the namespace, in /proc: rezone must see them (hostPID),
 * and have CAP_SYS_PTRACE. pidfd_getfd is of Linux 5.6. A descriptor of our own is kept for an
 * instant only: while it is open, the agent's close() would not end the connection.
 */
#ifndef RZ_KERN_OWNER_H
#define RZ_KERN_OWNER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <rezone/types.h>

struct rz_owner {
	struct rz_tuple tuple;
	uint64_t cookie;
	uint32_t inode; /* of the socket; 0: not known */
	pid_t pid;	/* 0: not found */
	int fd;		/* in that process */
};

/*
 * Fills inode, pid and fd of each. To be called inside the network namespace `netns`, whose
 * processes are looked through once for all: a readlink(2) for each of their descriptors.
 */
void rz_owner_find(uint32_t netns, struct rz_owner *rows, size_t n);

/* 0; -ESRCH: no process was found; -ENOTCONN: the descriptor is another socket by now, the agent
 * has closed it; other -errno. */
int rz_owner_shutdown(const struct rz_owner *o);

#endif
