/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last check and the close of connections whose moment it may be (wait.h decides that).
 *
 * Comes in: jobs. Goes out: a TCP reset or a FIN for each whose connection passes the check, and
 * for each what became of it. Called by move/jobs.c, move/trial.c and daemon/left.c.
 *
 * Two ways to reset, the same for the client:
 *  - bpf_sock_destroy from the TCP iterator (bpf/reset.bpf.h, Linux 6.5): last check and reset are
 *    one step under the socket lock;
 *  - SOCK_DESTROY over sock_diag netlink (kern/destroy.h, Linux 4.5 with
 *    CONFIG_INET_DIAG_DESTROY): the socket cookie rules out another socket, but the client on it is
 *    checked a moment before.
 *
 * Some libraries look for another agent only after an end of file: there the same check is followed
 * by a FIN (kern/owner.h). Where check and close are two steps, new requests are held back in
 * between.
 */
#ifndef RZ_MOVE_CLOSE_H
#define RZ_MOVE_CLOSE_H

#include "kern/load.h"
#include "move/job.h"

/* Writes a job's entry into map moves, where BPF and `rezone list` read it. 0 or -errno. */
int rz_close_show(const struct rz_maps *maps, const struct rz_job *j, enum rz_phase phase,
		  uint64_t now_ns);

/* The same of several by one call. -errno: it may have been written of some, so each is to be
 * written by itself. */
int rz_close_show_all(const struct rz_maps *maps, struct rz_job *const *jobs, size_t n,
		      enum rz_phase phase, uint64_t now_ns);

/* Finds the cgroups of jobs that need a gap, and the descriptors of those that end with a FIN, in
 * one search through each network namespace that has any; sorts `jobs` by namespace. */
void rz_close_find(struct rz_job **jobs, size_t n);

/*
 * Checks and closes all, in one walk over each network namespace that has any. Fills `error` and
 * `check` of each, leaves an entry for each in map `moves`, and sorts `jobs` by namespace. -EAGAIN
 * is not the end of a job. `checks` (RZ_CHECK_COUNT, or NULL) counts the results of the checks that
 * BPF does not make, and so does not count.
 */
void rz_close_run(struct rz_kern *k, struct rz_job **jobs, size_t n, __u64 *checks,
		  uint64_t now_ns);

#endif
