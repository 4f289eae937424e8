/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reset of connections that the policy let go.
 *
 * Comes in: connections with what they were when they were judged. Goes out: a TCP reset for each
 * that is still the same, and for each what became of it. Called by move/hold.c and move/trial.c.
 * Waiting for the moment in which it harms nobody is move/hold.h's.
 *
 * Two ways, the same outcome for the client:
 *  - bpf_sock_destroy from the TCP iterator (bpf/reset.bpf.h, Linux 6.5): last check and reset are
 * one step under the socket lock;
 *  - SOCK_DESTROY over sock_diag netlink (destroy.h, Linux 4.5 with CONFIG_INET_DIAG_DESTROY): the
 *    socket cookie rules out another socket, but the client on it is checked a moment before.
 *
 * Some libraries look around only after an end of file: there the same check is followed by a FIN
 * (owner.h). Where check and end are two steps, new requests are held back in between (hold.h).
 */
#ifndef RZ_MOVE_RESET_H
#define RZ_MOVE_RESET_H

#include <sys/types.h>

#include "kern/load.h"

/* Writes a row's entry into map moves. 0 or -errno. */
struct rz_reset;
int rz_reset_show(const struct rz_maps *maps, const struct rz_reset *r, enum rz_phase phase,
		  uint64_t now_ns);

/* Has all of this hold been answered that must be, as bpf/hold.bpf.h judges it; `rcv_nxt` is not
 * known here, so a request that is not whole is waited for. */
bool rz_reset_drained(const struct rz_hold *h, const struct rz_conn *c);

/* With the client's new requests kept away the latest one may never become whole: could all the
 * others have been answered? The walk knows whether it is whole; no walk, no. */
bool rz_reset_may_be_drained(const struct rz_kern *k, const struct rz_hold *h,
			     const struct rz_conn *c);

struct rz_reset {
	uint64_t cookie;
	uint64_t client; /* hash of the client.id it must still have */
	uint32_t netns;
	struct rz_tuple tuple;
	char to_zone[RZ_ZONE_SHOWN];
	bool gap;	 /* only while nothing is in flight that must be answered */
	uint32_t asked;	 /* for `gap`: the rz_hold_must() whose answer has settled */
	bool fin;	 /* by a FIN on the agent's own descriptor, not by a reset */
	pid_t owner_pid; /* whose descriptor that is (rz_reset_find_owners), 0: not known */
	int owner_fd;
	bool gap_only;	      /* not if a segment was dropped in its hold (policy/library.h) */
	uint32_t held_before; /* segments that had been dropped when its hold began */
	bool shared, acks0;   /* though it carries group membership; is not answered */
	bool left;	      /* only if its client has left while it was held (map held) */
	uint64_t deadline_ns; /* of a hold that goes on meanwhile, 0: none */
	/* out: 0 was reset; -ENOENT gone; -ESTALE another client; -EPROTO Multipath TCP; -ENOTCONN
	 * closed by the agent; -EAGAIN something is in flight; -ESRCH no process was found whose
	 * descriptor it is (fin); other -errno the reset itself failed */
	int error;
};

/* Of one that is ended in a gap only, and is held meanwhile: was something of it dropped since
 * then? */
bool rz_reset_gap_is_over(const struct rz_maps *maps, const struct rz_reset *r);

/* Fills owner_pid and owner_fd of the rows with `fin`, in one search through each network namespace
 * that has any; sorts the rows by namespace. */
void rz_reset_find_owners(struct rz_reset *rows, size_t n);

/*
 * Resets all rows, one walk over each network namespace that has any. Fills `error` of each row and
 * leaves an entry for each in map `moves`. 0, or the first -errno that kept a whole namespace from
 * being walked (its rows have it too).
 */
int rz_reset_run(struct rz_kern *k, struct rz_reset *rows, size_t n, uint64_t now_ns);

#endif
