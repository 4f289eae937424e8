/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Taking this CPU's scratch (struct rz_scratch in maps.bpf.h), and giving it back.
 *
 * The segment program runs in the network's softirq. Of these a CPU runs one at a time, but a
 * PREEMPT_RT kernel may preempt one in the midst of it and run another (since Linux 6.18, without
 * CONFIG_PREEMPT_RT_NEEDS_BH_LOCK). A program that has begun stays on its CPU there, too, so only
 * tasks of one CPU meet here. A task that finds the scratch taken cannot wait, for the other one
 * goes on only when this one has ended: its segment is dropped, and TCP sends it again.
 *
 * `users` counts the tasks that are here. Each adds itself first and looks then. A task that sees
 * itself alone has the scratch: nobody else was here, and whoever comes sees two. That needs an
 * addition that nothing comes between, and no atomic operation that returns something, which Linux
 * 5.10 lacks.
 *
 * Called by take.bpf.h, fast.bpf.h, opening.bpf.h and follow.bpf.h. The functions behind these look
 * the scratch up anew, without asking here: it is had by then.
 */
#ifndef REZONE_BPF_SCRATCH_H
#define REZONE_BPF_SCRATCH_H

#include "count.bpf.h"

/* The scratch, to be given back; NULL: another task of this CPU has it. */
static __always_inline struct rz_scratch *rz_scratch_take(void)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);

	if (!s)
		return NULL;
	__sync_fetch_and_add(&s->users, 1);
	if (*(volatile __u32 *)&s->users == 1)
		return s;
	__sync_fetch_and_add(&s->users, -1);
	RZ_COUNT(scratch_busy);
	return NULL;
}

static __always_inline void rz_scratch_give(void)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);

	if (s)
		__sync_fetch_and_add(&s->users, -1);
}

#endif
