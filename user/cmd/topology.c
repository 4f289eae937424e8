// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone topology`: zones, groups and agents, as the daemon has them in the maps, or as a file
 * says.
 *
 * Comes in: the maps, or --file. Goes out: tables or JSON on stdout.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "kern/pins.h"
#include "out/json.h"
#include "out/table.h"
#include "topo/file.h"

struct ask {
	struct rz_ask common;
	const char *file;
};

static const struct argp_option options[] = {
	{"file", 'f', "PATH", 0,
	 "read and check this topology file instead; needs no daemon and no privileges", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct ask *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->common;
		return 0;
	case 'f':
		a->file = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: no argument is expected; a file is named by --file", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = rz_ask_children,
	.doc = "Shows the groups, zones and agents as rezone counts them, and whether moves are "
	       "frozen. With --file it reads and checks a topology file instead.\vExit status: 0 "
	       "done, 1 could not (the file is wrong), 2 used wrongly.",
};

static int print_zones(const struct rz_topo_view *v)
{
	static const char *const columns[] = {"GROUP", "ZONE",	   "AGENTS", "READY",
					      "FOR",   "STANDING", "SOURCE", NULL};
	struct rz_table *t;
	size_t i;
	int err = rz_table_new(stdout, columns, &t);

	for (i = 0; !err && i < v->zones->n; i++) {
		const struct rz_topo_zone *z = &v->zones->rows[i];
		char agents[16], ready[16], since[32] = "";
		const char *cells[] = {z->key.group,
				       z->key.zone,
				       agents,
				       ready,
				       since,
				       rz_topo_standing(v, z),
				       rz_topo_zone_source(v, z)};

		if (!z->agents)
			continue;
		snprintf(agents, sizeof(agents), "%u", z->agents);
		snprintf(ready, sizeof(ready), "%u", z->ready);
		if (v->snap && z->ready_since_ns)
			rz_table_age(since, sizeof(since),
				     (double)(v->now_ns - z->ready_since_ns) / 1e9);
		err = rz_table_add(t, cells, strcmp(cells[5], "counts") ? "yellow" : "green");
	}
	return err ? err : rz_table_end(t);
}

static int print_sources(const struct rz_topo_view *v)
{
	static const char *const columns[] = {"SOURCE",	  "AGE",   "AGENTS", "READY",
					      "LEFT OUT", "FAULT", NULL};
	struct rz_table *t;
	size_t i;
	int err = rz_table_new(stdout, columns, &t);

	for (i = 0; !err && i < v->n_sources; i++) {
		const struct rz_source_val *s = &v->sources[i];
		char age[32] = "never", agents[16], ready[16], left_out[16];
		const char *cells[] = {s->name, age,	  agents,
				       ready,	left_out, s->note[0] ? s->note : s->left_out_why};

		if (s->proved_ns)
			rz_table_age(age, sizeof(age), (double)(v->now_ns - s->proved_ns) / 1e9);
		snprintf(agents, sizeof(agents), "%u", s->agents);
		snprintf(ready, sizeof(ready), "%u", s->ready);
		snprintf(left_out, sizeof(left_out), "%u", s->left_out);
		err = rz_table_add(t, cells, s->note[0] || s->left_out ? "yellow" : NULL);
	}
	return err ? err : rz_table_end(t);
}

static int print_agents(const struct rz_topo_view *v)
{
	static const char *const columns[] = {"AGENT", "ZONE",	 "GROUP", "READY",
					      "HERE",  "SOURCE", NULL};
	char at[RZ_ENDPOINT_TEXT];
	struct rz_table *t;
	size_t i;
	int err = rz_table_new(stdout, columns, &t);

	for (i = 0; !err && i < v->topo->n_agents; i++) {
		const struct rz_topo_agent *a = &v->topo->agents[i];
		const char *cells[] = {at,
				       a->zone,
				       a->group,
				       a->ready ? "yes" : "no",
				       rz_home_name(a->home),
				       rz_topo_source_of(v, a)};

		rz_endpoint_format(at, sizeof(at), a->at.addr, a->at.port);
		err = rz_table_add(t, cells, a->home == RZ_HOME_AMBIGUOUS ? "yellow" : NULL);
	}
	return err ? err : rz_table_end(t);
}

static int print_text(const struct rz_topo_view *v)
{
	const char *own = v->topo->own_zone;
	char age[32];
	size_t i;
	int err;

	printf("own zone: %s", *own ? own : "not given (each agent's own entry says its zone)");
	if (v->snap && v->snap->status.own_zone_from[0])
		printf(" (from %s)", v->snap->status.own_zone_from);
	putchar('\n');
	if (v->snap && v->snap->status.topology_proved_ns) {
		rz_table_age(age, sizeof(age),
			     (double)(v->now_ns - v->snap->status.topology_proved_ns) / 1e9);
		printf("last known to be current: %s ago\n", age);
	} else if (v->snap) {
		printf("last known to be current: never\n");
	}
	if (v->snap && v->snap->status.frozen)
		printf("nobody is moved now: %s\n", v->snap->status.frozen_why);
	if (v->snap && v->snap->counters.freezes)
		printf("frozen so far: %u times\n", v->snap->counters.freezes);
	for (i = 0; i < v->topo->n_aliases; i++)
		printf("alias: %s is %s\n", v->topo->aliases[i].name, v->topo->aliases[i].zone);
	if (!v->topo->n_agents) {
		printf("no agents\n");
		return v->n_sources ? print_sources(v) : 0;
	}
	putchar('\n');
	err = v->n_sources ? print_sources(v) : 0;
	if (v->n_sources)
		putchar('\n');
	if (!err)
		err = print_zones(v);
	putchar('\n');
	return err ? err : print_agents(v);
}

static int print(const struct ask *a, const struct rz_topo_view *v)
{
	if (a->common.json)
		return rz_json_topology(stdout, v);
	return print_text(v);
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
		struct rz_topo_view v = {topo, zones, NULL, rz_now_ns(), NULL, 0};

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
		struct rz_topo_view v = {topo, zones, snap, snap->now_ns, sources, n};

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
	struct ask a = {.common.pin_dir = RZ_PIN_DIR_DEFAULT};

	argp_err_exit_status = 2;
	if (argp_parse(&argp, argc, argv, 0, NULL, &a))
		return 2;
	return (a.file ? from_file(&a) : from_maps(&a)) ? 1 : 0;
}
