/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up rights, for good, before the first byte of a stranger is read.
 *
 * Comes in: whose rights, and as whom the process goes on. Called by user/serve.c and, in
 * rezone-source, by source/confine.c.
 */
#ifndef RZ_BASE_DROP_H
#define RZ_BASE_DROP_H

#include <stdbool.h>
#include <sys/types.h>

#define RZ_NOBODY 65534

struct rz_drop {
	const char *who; /* for the log: "serve" */
	uid_t uid;	 /* root becomes this user, and the group of this number */
	bool keep_bpf;	 /* CAP_BPF stays, if it was there */
};

/*
 * Root becomes that user, without other groups. All capabilities go; no program that is started
 * later gets any back. Few descriptors, no core, no files. 0 or -errno, logged.
 */
int rz_drop_rights(const struct rz_drop *d);

/* Do these rights suffice for what must go on? Asks try(arg) in a child that has dropped all of
 * them. */
bool rz_drop_is_enough(const struct rz_drop *d, bool (*try)(void *arg), void *arg);

#endif
