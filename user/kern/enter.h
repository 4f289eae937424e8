/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rezone-enter, the helper that enters network namespaces and touches other processes'
 * descriptors, as the process that asks it sees it. A process has one; it is started while the
 * process still has the capabilities that the helper keeps (kern/caps.h).
 *
 * Comes in: the number of a network namespace. Goes out: descriptors that were made inside, and
 * what the helper has found or done. What is of the own namespace needs no helper. Each call waits
 * for the answer, RZ_ENTER_WAIT_NS at most; -EOWNERDEAD: the helper does not run, or did not
 * answer. Called by kern/, move/, daemon/ and cmd/check.c; single-threaded.
 */
#ifndef RZ_KERN_ENTER_H
#define RZ_KERN_ENTER_H

#include <stddef.h>
#include <stdint.h>

#include <rezone/ipc.h>

#include "kern/enter_form.h"

#define RZ_ENTER_WAIT_NS 3000000000ULL

struct rz_enter_calls {
	/* -errno of what went wrong with the helper: ECHILD it ended, ETIMEDOUT it did not answer,
	 * EBADMSG its answer was refused, EPERM a call that its seccomp list forbids */
	void (*failed)(void *arg, int error);
	/* it does not answer any more, or again; `why` is one line */
	void (*changed)(void *arg, enum rz_helper state, const char *why);
	void *arg;
};

/* Starts it, for sockets of agents at these ports, and waits until it is ready. 0, or -errno,
 * logged: all calls below work for the own network namespace alone then. -ETIMEDOUT: it is not
 * ready yet, as on a busy node; once it is, the next call or rz_enter_look() finds out. */
int rz_enter_start(const uint16_t *ports, size_t n_ports);
/* The same in two halves, between which the caller goes on. The second one takes what the first one
 * returned, and logs it. */
int rz_enter_begin(const uint16_t *ports, size_t n_ports);
int rz_enter_wait(int err);
void rz_enter_stop(void);
/* Whom to tell; {}: nobody. */
void rz_enter_tell(const struct rz_enter_calls *calls);
enum rz_helper rz_enter_state(void);
/* Each second: is it still, or again, there? */
void rz_enter_look(void);

/* What answers requests, instead of a helper that is started; for tests. Owns `fd`. */
void rz_enter_adopt(int fd);

/* A netlink socket of namespace `netns`, NETLINK_SOCK_DIAG or NETLINK_ROUTE. The descriptor;
 * -ENOENT: no process is in it, and it has no name; other -errno. */
int rz_enter_netlink(uint32_t netns, int protocol);

/* One pass of an iterator over the sockets of `netns`: a descriptor to be read to its end, or
 * -errno as above. `link`: its BPF link. */
int rz_enter_iterator(uint32_t netns, int link);

/* The network namespaces of the node that a process is in or that have a name, ascending; the
 * caller frees. *ret_all false: the own one alone, for the helper does not run. 0 or -errno. */
int rz_enter_list(uint32_t **ret, size_t *ret_n, bool *ret_all);

/* Fills pid and fd of each row; pid 0: it was not found. 0 or -errno. */
int rz_enter_find(uint32_t netns, struct rz_enter_socket *rows, size_t n);

/* Shuts a connection down, if it is still ESTABLISHED where it was found. 0; -ESRCH it was not
 * found; -ENOTCONN it is not what it was; other -errno. */
int rz_enter_shut(uint32_t netns, const struct rz_enter_socket *row);

/* Another rezone's program on a cgroup, see enter/rival.h; the head of `r` is filled here. 0 or
 * -errno. */
int rz_enter_rival(const struct rz_enter_rival *r, int cgroup_fd, uint32_t *ret);

#endif
