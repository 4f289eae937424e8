// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone topology`: zones, groups and agents, as the daemon has them in the maps, or as a file
 * says.
 *
 * Comes in: the maps, or --file. Goes out: tables or JSON on stdout.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "out/topology.h"
#include "topo/file.h"

struct ask {
	struct rz_ask common; /* first */
	const char *file;
	int sort;	     /* enum rz_topo_sort */
	unsigned long limit; /* 0: all */
};

static const struct rz_opt options[] = {
	{"file", 0, "PATH", RZ_OPT_TEXT(struct ask, file),
	 "read and check this topology file instead; needs no daemon and no privileges"},
	{"file", 'f', "PATH", RZ_OPT_MOVED},
	{"sort", 's', "WORD", RZ_OPT_WORD(struct ask, sort),
	 "the order of agents: agent (default), zone, group, ready (those that are not first), "
	 "here (those of this node first), source",
	 .words = rz_topo_sort_words},
	{"limit", 'n', "N", RZ_OPT_COUNT(struct ask, limit), "only the first N zones and N agents"},
	{},
};

static const struct rz_command command = {
	.options = options,
	.word_hint = "a file is named by --file",
	.doc = "Shows the groups, zones and agents as rezone counts them, and whether moves are "
	       "frozen. With --file it reads and checks a topology file instead.\vExit status: 0 "
	       "done, 1 could not (the file is wrong), 2 used wrongly.",
};

static int print(const struct ask *a, const struct rz_topo_view *v)
{
	if (a->common.json)
		return rz_topology_print_json(stdout, v);
	return rz_topology_print_text(stdout, v);
}

static int from_file(const struct ask *a)
{
	struct rz_topo_file *f = NULL;
	struct rz_topo *topo = NULL;
	struct rz_topo_zones *zones = NULL;
	int err = rz_topo_file_new(a->file, &f);

	if (!err && rz_topo_file_poll(f, &topo) < 0)
		err = -EINVAL; /* said in one line already */
	if (!err)
		err = rz_topo_zones_count(topo, NULL, 1, 0, &zones);
	if (!err) {
		struct rz_topo_view v = {topo, zones, NULL, rz_now_ns(), NULL, 0, a->limit};

		rz_topology_order(topo, a->sort);
		err = print(a, &v);
	}
	rz_topo_zones_free(zones);
	rz_topo_free(topo);
	rz_topo_file_free(f);
	return err;
}

static int from_maps(const struct ask *a)
{
	_cleanup_free_ struct rz_source_val *sources = NULL;
	size_t n = 0;
	struct rz_snapshot *snap = NULL;
	struct rz_topo_zones *zones = NULL;
	struct rz_topo *topo = NULL;
	struct rz_maps maps;
	int err = rz_ask_open(&a->common, "topology", &maps);

	if (err)
		return err;
	err = rz_snapshot_read(&maps, &snap);
	if (!err)
		err = rz_maps_read_topology(&maps, &topo, &zones);
	if (!err)
		err = rz_maps_read_sources(&maps, &sources, &n);
	if (!err) {
		struct rz_topo_view v = {topo, zones, snap, snap->now_ns, sources, n, a->limit};

		rz_topology_order(topo, a->sort);
		err = print(a, &v);
	}
	rz_topo_zones_free(zones);
	rz_topo_free(topo);
	rz_snapshot_free(snap);
	rz_maps_close(&maps);
	return err;
}

int rz_cmd_topology(int argc, char **argv)
{
	struct ask a = {.sort = RZ_TOPO_SORT_AGENT};

	rz_opts_read(argc, argv, &command, &a.common);
	return (a.file ? from_file(&a) : from_maps(&a)) ? 1 : 0;
}
