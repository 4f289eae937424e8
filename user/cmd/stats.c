// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone stats`: the counters of the kernel side, how full its maps are, and which helper failed.
 *
 * Comes in: the maps. Goes out: tables or JSON on stdout (docs/json.md).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "kern/batch.h"
#include "kern/pause.h"
#include "out/stats.h"

static int print(const struct rz_ask *a, const struct rz_maps *maps, const struct rz_snapshot *snap)
{
	_cleanup_free_ struct rz_error_key *errors = NULL;
	_cleanup_free_ uint64_t *counts = NULL;
	struct rz_stats_view v = {.snap = snap,
				  .conns_max = rz_maps_room(maps->conns),
				  .clients_max = rz_maps_room(maps->clients)};
	struct rz_pause pause;
	int err = rz_batch_read(maps->errors, sizeof(*errors), sizeof(*counts), 0, (void **)&errors,
				(void **)&counts, &v.n_errors);

	if (err)
		return err;
	v.errors = errors;
	v.errors_counts = counts;
	if (rz_pause_get(a->pin_dir, &pause))
		v.pause = &pause;
	return a->json ? rz_stats_print_json(stdout, &v) : rz_stats_print_text(stdout, &v);
}

int rz_cmd_stats(int argc, char **argv)
{
	struct rz_snapshot *snap = NULL;
	struct rz_maps maps;
	struct rz_ask a;
	int err;

	rz_ask_read(
		argc, argv,
		"Shows the counters of the BPF programs, how full the maps are, and which calls to "
		"the kernel failed.\vExit status: 0 done, 1 could not, 2 used wrongly.",
		&a);
	if (rz_ask_open(&a, "stats", &maps))
		return 1;
	err = rz_snapshot_read(&maps, &snap);
	if (!err)
		err = print(&a, &maps, snap);
	rz_snapshot_free(snap);
	rz_maps_close(&maps);
	return err ? 1 : 0;
}
