/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network namespaces, known by their inode numbers: which there are, and doing something inside
 * one.
 *
 * Called by enter/act.c and enter/owner.c, in rezone-enter. The process is single-threaded:
 * setns() moves the thread.
 */
#ifndef RZ_ENTER_NETNS_H
#define RZ_ENTER_NETNS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Opens the namespace with inode number `inum`: the own one, those named in /run/netns, those of
 * all processes in /proc. Returns a descriptor, or -ENOENT if none is found (with no process in it
 * the sockets are gone too), or -errno.
 */
int rz_netns_open(uint32_t inum);

/*
 * Runs `fn(arg)` inside namespace `inum` and comes back. Returns fn's result, or the -errno of
 * finding or entering. If the way back fails the process aborts: to go on in a foreign namespace
 * would be worse.
 */
int rz_netns_call(uint32_t inum, int (*fn)(void *arg), void *arg);

/* The inode numbers of all network namespaces of the node that a process is in or that have a name,
 * each once, ascending; the caller frees. 0 or -ENOMEM. */
int rz_netns_list(uint32_t **ret, size_t *ret_n);

#endif
