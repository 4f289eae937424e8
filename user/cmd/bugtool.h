/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `rezone bugtool` needs beside the commands that it runs: facts, a folder to write to, and
 * tar. Called by cmd/bugtool.c.
 */
#ifndef RZ_CMD_BUGTOOL_H
#define RZ_CMD_BUGTOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#include "out/mask.h"

/* A folder of this process alone, with one in it whose name the archive has. */
struct rz_bugtool_scratch {
	char outer[300], folder[360];
	char name[48];	  /* of the folder: rezone-bugtool-20261126T080000Z */
	uint64_t made_ns; /* CLOCK_REALTIME */
};

/* From here to rz_bugtool_scratch_remove() signals that end the process wait. 0 or -errno, logged.
 */
int rz_bugtool_scratch_make(struct rz_bugtool_scratch *ret);
void rz_bugtool_scratch_remove(const struct rz_bugtool_scratch *s);
/* All of the folder into a tar file at `path`, which its owner alone can read; "-": stdout.
 * `is_new`: nothing may be there yet; else a file of this user is replaced, another's refused. 0 or
 * -errno, logged. */
int rz_bugtool_pack(const struct rz_bugtool_scratch *s, const char *path, bool is_new);

/* Facts of the kernel, maps and programs. All client ids of the maps are learnt for the mask, also
 * of connections that no part shows. 0 or -errno. */
int rz_bugtool_read_facts(const char *pin_dir, struct rz_mask *mask, json_t **ret);

#endif
