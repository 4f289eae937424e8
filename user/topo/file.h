/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topology from a YAML file (docs/topology.md has the form).
 *
 * Comes in: a path, looked at about once a second. Goes out: a whole new struct rz_topo, or one
 * line that says what is wrong, where, and how to mend it; never half of a file. Called by
 * daemon/topology.c and cmd/topology.c.
 */
#ifndef RZ_TOPO_FILE_H
#define RZ_TOPO_FILE_H

#include "topo/topo.h"

/*
 * Parses a whole topology text. `name` is the file's name for messages. On failure returns -EINVAL
 * (or -ENOMEM), writes nothing to *ret, and puts one line "NAME:LINE:COLUMN: what; how to mend"
 * into `why`. Pure.
 */
int rz_topo_parse(const char *text, size_t len, const char *name, struct rz_topo **ret, char *why,
		  size_t why_size);

struct rz_topo_file; /* a watched file */

int rz_topo_file_new(const char *path, struct rz_topo_file **ret);
void rz_topo_file_free(struct rz_topo_file *f);

/*
 * Looks whether the file changed and reads it if so. A Kubernetes ConfigMap is swapped by a
 * symlink, so the content is what is compared, not the inode alone.
 *
 * Returns 1 if it changed and is whole (*ret is the new topology, the caller's), 0 if it is
 * unchanged and still readable and whole, -errno otherwise; the reason is logged once for each new
 * fault, not again while it stays the same.
 */
int rz_topo_file_poll(struct rz_topo_file *f, struct rz_topo **ret);

/* What the latest look found wrong, the line that was logged of it; "" if nothing. */
const char *rz_topo_file_fault(const struct rz_topo_file *f);

#endif
