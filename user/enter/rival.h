/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking for another rezone among the node's BPF links: the kernel opens links, programs and maps
 * by number for CAP_SYS_ADMIN alone. kern/rival.h says what for. Called by enter/act.c, in
 * rezone-enter.
 */
#ifndef RZ_ENTER_RIVAL_H
#define RZ_ENTER_RIVAL_H

#include <stdint.h>

#include "kern/enter_form.h"

/* The id of another rezone's segment program on the cgroup open as `cgroup_fd`, that shares a port
 * with `ours`; 0 if there is none. Links of `r`, and program r->own, do not count. */
uint32_t rz_rival_search(int cgroup_fd, const struct rz_enter_rival *r,
			 const struct rz_enter_ports *ours);

#endif
