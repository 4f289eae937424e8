/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose descriptor a socket is, and shutting it down: the client sees an end of file behind
 * everything that was sent, the agent likewise.
 *
 * Comes in: sockets of one network namespace, by addresses and cookie. Goes out: a FIN, by
 * pidfd_getfd(2) and shutdown(2) on the agent's own descriptor. Called by enter/act.c, in
 * rezone-enter.
 *
 * The process is looked for among those of the namespace, in /proc: rezone must see them (hostPID),
 * and have CAP_SYS_PTRACE. pidfd_getfd is of Linux 5.6. A descriptor of our own is kept for an
 * instant only: while it is open, the agent's close() would not end the connection.
 */
#ifndef RZ_ENTER_OWNER_H
#define RZ_ENTER_OWNER_H

#include <stddef.h>
#include <stdint.h>

#include "kern/enter_form.h"

/*
 * Fills pid and fd of each. `nl`: netlink of the network namespace `netns` (kern/destroy.h), whose
 * processes are looked through once for all: a readlink(2) for each of their descriptors. At most
 * RZ_ENTER_ROWS.
 */
void rz_owner_find(int nl, uint32_t netns, struct rz_enter_socket *rows, size_t n);

/* 0; -ESRCH: no process was found; -ENOTCONN: the descriptor is not, or not any more, this socket,
 * ESTABLISHED, of a process in `netns`; other -errno. */
int rz_owner_shutdown(uint32_t netns, const struct rz_enter_socket *s);

#endif
