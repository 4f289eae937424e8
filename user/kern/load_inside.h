/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the loaded programs, between load.c (which makes and ends them), live.c (which
 * lets them work), seed.c, watch.c (which follows responses) and attached.c (which looks whether
 * they are still where they were put). */
#ifndef RZ_KERN_LOAD_INSIDE_H
#define RZ_KERN_LOAD_INSIDE_H

#include <bpf/libbpf.h>

#include "kern/claim.h"
#include "kern/live.h"
#include "kern/load.h"
#include "rezone/config.h"
/* the skeleton does not include what its types are made of */
#include "rezone.skel.h"

struct rz_kern {
	struct rezone_bpf *skel;
	struct bpf_link *segment, *state, *walk, *census, *look;
	/* where responses are followed, only while moves wait (watch.c) */
	struct rz_watch {
		struct bpf_link *link;
		uint64_t cgroup; /* its id, 0: the whole of cgroup_fd; alone then, and first */
	} watches[RZ_WATCH_MAX];
	size_t n_watches;
	bool watches_swept; /* no pin of a daemon that was killed is left */
	bool watches_loose; /* none is pinned: they end with the daemon */
	enum rz_wide wide;  /* why the latest move's were followed at the whole */
	struct ring_buffer *ring, *closed_ring;
	uint64_t seed;	     /* of the hashes that are keys of maps (map secret) */
	bool fresh_seed;     /* it is this run's: keys of an earlier one mean nothing any more */
	struct rz_maps maps; /* borrowed from skel */
	struct rz_claim claim;
	char pin_dir[4096]; /* "" if nothing is pinned */
	char cgroup[4096];
	int cgroup_fd;
	rz_kern_wake_fn wake_fn;
	void *wake_arg;
	rz_kern_closed_fn closed_fn;
	void *closed_arg;
};

/* The seed that an earlier run left in map secret, or a new one. It is as old as the pins whose
 * keys were made with it, and no client can know it. */
int rz_kern_find_seed(struct rz_kern *k);
/* The programs of an earlier run may have counted on in map secret meanwhile: only the seed is
 * written, and only if it is new. */
int rz_kern_keep_seed(struct rz_kern *k);

/* Room for as many connections and client ids as are allowed (load_room.c). Before the load.
 * `claims`: of struct rz_config. */
void rz_load_fill_rodata(struct rz_kern *k, const struct rz_load_opts *o, bool claims);
void rz_load_size_maps(struct rz_kern *k, const struct rz_load_opts *o);

/* Tells the BPF side which cgroup k->cgroup_fd is. */
void rz_kern_name_cgroup(struct rz_kern *k);

#endif
