/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands about connections share: the options that say which ones, and everything in the
 * maps that a connection is judged by. Called by cmd/list.c, cmd/reset.c and cmd/traffic.c.
 */
#ifndef RZ_CMD_CONNS_H
#define RZ_CMD_CONNS_H

#include <argp.h>

#include "conf/conf.h"
#include "kern/snapshot.h"
#include "out/conn_row.h"

/* For `which` of a command (opts.h); its input is a struct rz_conn_filter. */
extern const struct argp_child rz_conns_options;

/* The daemon's view of the world, as it stands in the maps. */
struct rz_conns {
	struct rz_snapshot *snap;
	struct rz_topo *topo;
	struct rz_topo_zones *zones;
	struct rz_blocks *blocks;
	struct rz_exclude *exclude;
	struct rz_world world;
};

/* The settings that the daemon works by. 0 or -errno, logged (`command` names who says it); to be
 * freed by rz_conf_free() on success. */
int rz_conns_settings(const char *pin_dir, const char *command, struct rz_conf *ret);

/* 0 or -errno, logged; to be freed in any case. */
int rz_conns_read(const struct rz_maps *maps, struct rz_conns *ret);
void rz_conns_free(struct rz_conns *c);

#endif
