/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock_diag netlink: what TCP says of a connection, and SOCK_DESTROY for kernels without
 * bpf_sock_destroy.
 *
 * Comes in: a netlink socket (NETLINK_SOCK_DIAG) that was made inside the connection's network
 * namespace (kern/enter.h): it speaks of that one for ever. Called by move/close.c, move/trial.c
 * and enter/owner.c.
 */
#ifndef RZ_KERN_DESTROY_H
#define RZ_KERN_DESTROY_H

#include <stdbool.h>
#include <stdint.h>

#include <rezone/types.h>

/*
 * Resets the ESTABLISHED TCP socket with this tuple and this cookie. 0; -ENOENT if there is none;
 * -EOPNOTSUPP if the kernel lacks CONFIG_INET_DIAG_DESTROY (it answers EOPNOTSUPP;
 * net/core/sock_diag.c); -EPERM without CAP_NET_ADMIN.
 */
int rz_destroy_socket(int nl, const struct rz_tuple *t, uint64_t cookie);

/* What TCP says of a connection. */
struct rz_destroy_seen {
	uint32_t received; /* bytes of the client's that it has accepted, modulo 2^32 */
	bool unread;	   /* the agent has not read all of them */
	bool unacked;	   /* the client has not acknowledged all that was sent */
};

/* Reads it by SOCK_DIAG_BY_FAMILY (tcp_info.tcpi_bytes_received, the queues). 0; -ENOENT there is
 * no such socket, or it is not ESTABLISHED; -EOPNOTSUPP the kernel does not say; other -errno as
 * above. */
int rz_destroy_look(int nl, const struct rz_tuple *t, uint64_t cookie, struct rz_destroy_seen *ret);

/* Is there such a socket, ESTABLISHED? 0 there is; -ENOENT there
 * is not; other -errno: nobody can tell. */
int rz_destroy_find(int nl, const struct rz_tuple *t, uint64_t cookie);

/* The inode number of this socket, as /proc/PID/fd shows it. 0; -ENOENT: there is no such socket,
 * or no process holds it; other -errno as above. */
int rz_destroy_inode(int nl, const struct rz_tuple *t, uint64_t cookie, uint32_t *ret);

/* A netlink socket of the network namespace that the thread is in. Returns it, or -errno. */
int rz_destroy_open(void);

/* The id of the cgroup whose programs see what this socket sends: the one in which it, or its
 * listener, was made, not the one in which its process is now. 0; -ENODATA: the kernel does not say
 * (before Linux 5.9); other -errno as above. */
int rz_destroy_cgroup(int nl, const struct rz_tuple *t, uint64_t cookie, uint64_t *ret);

/* Can this kernel do it? Asks for a socket that cannot exist. 0, or the -errno of the refusal. */
int rz_destroy_probe(void);

#endif
