/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading the BPF object, with the kernel's verifier at work on two CPUs.
 *
 * Comes in: the opened object. Goes out: the loaded one. Called by load.c.
 */
#ifndef RZ_KERN_LOAD_BESIDE_H
#define RZ_KERN_LOAD_BESIDE_H

/* the skeleton does not include what its types are made of */
#include "rezone/config.h"

#include "rezone.skel.h"

/* Tells libbpf of this file: before the object is opened. 0 or -errno. Once a process is enough. */
int rz_beside_prepare(void);
struct rz_beside; /* a load under way */

/*
 * Does what rezone_bpf__load() does, but for rz_segment, which a thread of its own hands to the
 * verifier. Until rz_beside_end() the program's descriptor is that of an empty one, so nothing may
 * be attached. -errno, not logged; then no thread is left.
 */
int rz_beside_begin(struct rezone_bpf *skel, struct rz_beside **ret);
/* Waits until rz_segment is loaded. The thread has ended when this returns. Takes NULL. -errno, not
 * logged. */
int rz_beside_end(struct rz_beside *b);

#endif
