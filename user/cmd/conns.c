// SPDX-License-Identifier: Apache-2.0
/* What commands about connections share, see conns.h. */
#include "cmd/conns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "kern/conf_map.h"
#include "kern/named.h"

static const struct argp_option options[] = {
	{"locality", 'l', "same|cross|unknown", 0,
	 "only connections of this locality: the client's zone against the agent's", 0},
	{"client-id", 'i', "GLOB", 0,
	 "only connections of clients whose client.id matches, as 'app-*'", 0},
	{"client", 'c', "ADDRESS[:PORT]", 0,
	 "only connections of this client, by its address as `rezone list` shows it", 0},
	{"agent", 'a', "ADDRESS[:PORT]", 0,
	 "only connections to this agent, by its address as `rezone list` shows it", 0},
	{"client-zone", 'Z', "ZONE", 0, "only connections of clients in this zone", 0},
	{"agent-zone", 'z', "ZONE", 0, "only connections to agents in this zone", 0},
	{"cookie", 'k', "N", 0,
	 "only the connection with this socket cookie (`rezone list -o json` shows it)", 0},
	{0},
};

/* In the form in which connections are shown: a filter compares texts. */
static const char *address(struct argp_state *state, const char *flag, const char *arg,
			   char dst[static RZ_ENDPOINT_TEXT])
{
	if (!rz_endpoint_normal(dst, arg))
		argp_error(state,
			   "%s %s: give an address or ADDRESS:PORT, as 10.0.2.7, 10.0.2.7:9092, "
			   "fd00::7 or [fd00::7]:9092",
			   flag, arg);
	return dst;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static char client[RZ_ENDPOINT_TEXT], agent[RZ_ENDPOINT_TEXT];

	struct rz_conn_filter *f = state->input;
	enum rz_locality locality = RZ_LOCALITY_UNKNOWN;
	char *end;

	switch (key) {
	case 'l':
		if (rz_locality_parse(arg, &locality))
			argp_error(state, "--locality %s: give same, cross or unknown", arg);
		f->locality = locality;
		return 0;
	case 'i':
		f->client_id_glob = arg;
		return 0;
	case 'c':
		f->client = address(state, "--client", arg, client);
		return 0;
	case 'a':
		f->agent = address(state, "--agent", arg, agent);
		return 0;
	case 'Z':
		f->client_zone = arg;
		return 0;
	case 'z':
		f->agent_zone = arg;
		return 0;
	case 'k':
		errno = 0;
		f->cookie = strtoull(arg, &end, 10);
		if (*end || errno || !f->cookie || *arg < '0' || *arg > '9')
			argp_error(state,
				   "--cookie %s: give a number, as `rezone list -o json` has it",
				   arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {.options = options, .parser = parse};
const struct argp_child rz_conns_options = {&argp, 0, "Which connections:", 1};

int rz_conns_settings(const char *pin_dir, const char *command, struct rz_conf *ret)
{
	struct rz_conf_map_row *rows = NULL;
	char why[RZ_CONF_WHY] = "";
	size_t n = 0;
	int err = rz_conf_map_read(pin_dir, &rows, &n);

	if (!err)
		err = rz_conf_from_texts(rows, n, ret, why, sizeof(why));
	free(rows);
	if (*why)
		return rz_err(err, "%s: cannot read the settings of a daemon with --pin-dir %s: %s",
			      command, pin_dir, why);
	if (err)
		return rz_err(err, "%s: cannot read the settings with --pin-dir %s: %s; %s",
			      command, pin_dir, strerror(-err),
			      rz_maps_daemon_alive(pin_dir) ? "rezone starts: ask again in a moment"
							    : "start it with `rezone run`");
	return 0;
}

int rz_conns_read(const struct rz_maps *maps, struct rz_conns *ret)
{
	const struct rz_settings *s;
	char why[128];
	int err;

	*ret = (struct rz_conns){};
	err = rz_snapshot_read(maps, &ret->snap);
	if (err)
		return err;
	rz_named_read(maps, ret->snap);
	s = &ret->snap->settings;
	err = rz_maps_read_topology(maps, &ret->topo, &ret->zones);
	if (!err)
		err = rz_maps_read_blocks(maps, &ret->blocks);
	if (!err)
		err = rz_exclude_new(s->exclude_clients, s->exclude_addresses, s->exclude_zones,
				     &ret->exclude, why, sizeof(why));
	if (err)
		return rz_err(err,
			      "maps: cannot read the topology and settings by which connections "
			      "are judged: %s",
			      strerror(-err));
	ret->world = (struct rz_world){.topo = ret->topo,
				       .zones = ret->zones,
				       .settings = s,
				       .status = &ret->snap->status,
				       .now_ns = ret->snap->now_ns,
				       .blocks = ret->blocks,
				       .exclude = ret->exclude};
	return 0;
}

void rz_conns_free(struct rz_conns *c)
{
	rz_topo_free(c->topo);
	rz_topo_zones_free(c->zones);
	rz_blocks_free(c->blocks);
	rz_exclude_free(c->exclude);
	rz_snapshot_free(c->snap);
}
