/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this kernel can do, found out by doing it (bpf/probe.bpf.c), never by its version number.
 *
 * Called by daemon/life.c and cmd/check.c; kern/load.c switches programs by it.
 */
#ifndef RZ_KERN_PROBE_H
#define RZ_KERN_PROBE_H

#include <stdbool.h>
#include <linux/types.h>

struct rz_lacks {
	/* each 0 if the kernel has it, else the -errno of the trial */
	int btf;
	int segment; /* cgroup_skb/ingress that reads a tcp_sock */
	int fetch;   /* atomic instructions that say what was there before (5.12; arm64: 5.18) */
	int state;   /* tp_btf/inet_sock_set_state with the socket cookie: opens and closes are seen
		      */
	int closes;  /* the same without the cookie helper (before 5.12): closes are seen */
	int census;  /* the TCP iterator with the cookie helper (5.12) */
	int look;    /* the TCP iterator without it (5.9) */
	/* SOCK_DESTROY (CONFIG_INET_DIAG_DESTROY), and what had passed the segment program before a
	 * last check is with TCP soon (move/wait.c, ON_ITS_WAY_NS): not on a PREEMPT_RT kernel,
	 * where the softirq that brings it may be preempted for long */
	int netlink;
	int clock;   /* this process's CLOCK_MONOTONIC is the kernel's: no time namespace */
	int destroy; /* bpf_sock_destroy (6.5): check and reset are one step under the socket lock
		      */
};

/*
 * Fills *ret. What the environment variable REZONE_PROBE_WITHOUT names (a list of these fields,
 * with commas: "destroy,state") is taken as missing: tests and careful people try that way what an
 * older kernel would do. 0; or -errno, logged, if this process lacked rights, memory or descriptors
 * for the trial, which then says nothing about the kernel.
 */
int rz_probe(struct rz_lacks *ret);
/* What BPF's clock says, between two looks at our own: by one run of a program that writes it into
 * *seen. In a time namespace of its own the process has another CLOCK_MONOTONIC, and each deadline
 * that it gives BPF would be another moment there. 0 or -EXDEV; a kernel that cannot tell is
 * believed. */
int rz_probe_look_at_clock(int prog_fd, const __u64 *seen);

/*
 * Atomic instructions that fetch, of programs that were loaded. A compiler of the kernel's may not
 * know them (arm64 before 5.18): then the program is refused, or interpreted. That is no use where
 * others are compiled. 0 or -EOPNOTSUPP.
 */
int rz_probe_judge_fetch(bool other_compiled, bool fetch_compiled);
/* Does that variable name anything? */
bool rz_probe_is_withheld(void);

#endif
