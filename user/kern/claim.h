/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pins that one start makes or takes over, so that a start that fails takes back what it made
 * and leaves an earlier run's as they were.
 *
 * Comes in: maps and links of the loader, one by one. Goes out: pins in PIN_DIR/v<RZ_ABI>, symlinks
 * beside that. Called by kern/load.c, kern/watch.c and kern/attached.c, under the lock of the pin
 * directory.
 */
#ifndef RZ_KERN_CLAIM_H
#define RZ_KERN_CLAIM_H

#include <stdbool.h>
#include <stddef.h>

struct bpf_link;
struct bpf_map;

#define RZ_CLAIM_MAX 64

struct rz_claim {
	const char *pin_dir; /* "": nothing is pinned */
	const char *made[RZ_CLAIM_MAX], *linked[RZ_CLAIM_MAX], *aside[RZ_CLAIM_MAX];
	size_t n_made, n_linked, n_aside;
	bool kept; /* the start is over: a link that is pinned later is no part of it */
};

/*
 * Before the load: names the pin of a map. An earlier run's pin is taken over with what is in it;
 * if its size or layout is another it is set aside (NAME_old), and the map is made anew. 0 or
 * -errno, logged. `name` is kept.
 */
int rz_claim_map(struct rz_claim *c, struct bpf_map *m, const char *name);

/* Before rz_claim_map(), of a map that grows while it is used: as large as the pin is, if there is
 * one. */
int rz_claim_as_large(const struct rz_claim *c, struct bpf_map *m, const char *name);

/* After it: the symlinks beside the pins. 0 or -errno, logged. */
int rz_claim_symlinks(struct rz_claim *c, const char *const *names, size_t n);

/* Pins a link in place of an earlier run's: that link, and its program, end now, after the new one
 * has begun. 0 or -errno, logged. */
int rz_claim_link(struct rz_claim *c, struct bpf_link *link, const char *name);
/* Is this link's pin gone, hidden or another's? Where nothing is pinned, and of no link: no. */
bool rz_claim_lost(const struct rz_claim *c, const struct bpf_link *link, const char *name);

/* All succeeded: what was set aside goes. */
void rz_claim_keep(struct rz_claim *c);
/* Removes what this start made, and puts back what it set aside. */
void rz_claim_undo(struct rz_claim *c);

#endif
