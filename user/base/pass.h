/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams between the daemon and the processes that it starts, over a socketpair; one descriptor
 * may come with each.
 *
 * Called by daemon/reporter*.c and rezone-source (report/report.h has their form), by kern/enter.c
 * and rezone-enter (kern/enter_form.h).
 */
#ifndef RZ_BASE_PASS_H
#define RZ_BASE_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Sends a datagram with one descriptor (-1: none). Blocks unless `flags` says MSG_DONTWAIT. 0 or
 * -errno. */
int rz_pass_send(int fd, const void *msg, size_t len, int passed, int flags);
/* Receives one without waiting: its length, 0 if the other end is gone, -EAGAIN if none is there,
 * -EMSGSIZE if it is longer than `size`, -errno. *ret_passed: the descriptor that came with it, -1:
 * none; a second one is closed, and is -EPROTO. */
ssize_t rz_pass_receive(int fd, void *msg, size_t size, int *ret_passed);

/* Is it what /proc/self/fd calls by this name? */
bool rz_pass_is(int fd, const char *name);

#endif
