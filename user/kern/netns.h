/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doing something inside the network namespace of a socket, known by the namespace's inode number.
 *
 * Called by move/close.c and move/trial.c. The process is single-threaded: setns() moves the
 * thread.
 */
#ifndef RZ_KERN_NETNS_H
#define RZ_KERN_NETNS_H

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
 * finding or entering (logged). If the way back fails the process aborts: to go on in a foreign
 * namespace would be worse.
 */
int rz_netns_call(uint32_t inum, int (*fn)(void *arg), void *arg);

/*
 * Runs `fn(arg, inum)` once inside every network namespace that a process is in or that has a name,
 * and comes back. What ends meanwhile is passed over. Goes on when `fn` fails; 0, or the first
 * -errno of fn or of entering. Aborts as rz_netns_call() does.
 */
int rz_netns_each(int (*fn)(void *arg, uint32_t inum), void *arg);

/* The inode numbers of all network namespaces of the node that a process is in or that have a name,
 * each once, ascending; the caller frees. 0 or -ENOMEM. */
int rz_netns_list(uint32_t **ret, size_t *ret_n);

#endif
