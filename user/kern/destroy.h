/* SPDX-License-Identifier: Apache-2.0 */
/* SOCK_DESTROY over sock_diag netlink, for kernels without bpf_sock_destroy. Called by move/close.c
 * and move/trial.c, inside the socket's network namespace. */
#ifndef RZ_KERN_DESTROY_H
#define RZ_KERN_DESTROY_H

#include <stdbool.h>
#include <stdint.h>

#include <rezone/types.h>

/*
 * Resets the ESTABLISHED TCP socket with this tuple and this cookie in the thread's network
 * namespace. 0; -ENOENT if there is none; -EOPNOTSUPP if the kernel lacks CONFIG_INET_DIAG_DESTROY
 * (it answers EOPNOTSUPP; net/core/sock_diag.c); -EPERM without CAP_NET_ADMIN.
 */
int rz_destroy_socket(const struct rz_tuple *t, uint64_t cookie);

/* What TCP says of a connection. */
struct rz_destroy_seen {
	uint32_t received; /* bytes of the client's that it has accepted, modulo 2^32 */
	bool unread;	   /* the agent has not read all of them */
	bool unacked;	   /* the client has not acknowledged all that was sent */
};

/* Reads it by SOCK_DIAG_BY_FAMILY (tcp_info.tcpi_bytes_received, the queues). 0; -ENOENT there is
 * no such socket, or it is not ESTABLISHED; -EOPNOTSUPP the kernel does not say; other -errno as
 * above. */
int rz_destroy_look(const struct rz_tuple *t, uint64_t cookie, struct rz_destroy_seen *ret);

/* Is there such a socket, ESTABLISHED, in the thread's network namespace? 0 there is; -ENOENT there
 * is not; other -errno: nobody can tell. */
int rz_destroy_find(const struct rz_tuple *t, uint64_t cookie);

/* The inode number of this socket, as /proc/PID/fd shows it. 0; -ENOENT: there is no such socket,
 * or no process holds it; other -errno as above. */
int rz_destroy_inode(const struct rz_tuple *t, uint64_t cookie, uint32_t *ret);

/* Can this kernel do it? Asks for a socket that cannot exist. 0, or the -errno of the refusal. */
int rz_destroy_probe(void);

#endif
