// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone traffic`: bytes between zones, and by client, of connections open and closed.
 *
 * Comes in: the maps. Goes out: tables or JSON on stdout (docs/json.md).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "cmd/conns.h"
#include "kern/batch.h"
#include "out/traffic.h"

struct closed {
	struct rz_traffic_key *zones;
	struct rz_traffic *zones_sums, *clients_sums;
	uint64_t *clients;
	size_t n_zones, n_clients;
};

static int read_closed(const struct rz_maps *m, struct closed *c)
{
	int err = rz_batch_read(m->traffic, sizeof(*c->zones), sizeof(*c->zones_sums), 0,
				(void **)&c->zones, (void **)&c->zones_sums, &c->n_zones);

	if (!err)
		err = rz_batch_read(m->client_traffic, sizeof(*c->clients),
				    sizeof(*c->clients_sums), 0, (void **)&c->clients,
				    (void **)&c->clients_sums, &c->n_clients);
	return err ? rz_err(err, "traffic: cannot read the maps: %s", strerror(-err)) : 0;
}

static int report(const struct rz_ask *a, const struct rz_maps *maps)
{
	struct rz_traffic_report r = {};
	struct closed c = {};
	struct rz_conns conns;
	int err = rz_conns_read(maps, &conns);

	if (!err)
		err = read_closed(maps, &c);
	if (!err) {
		struct rz_traffic_closed closed = {c.zones,   c.zones_sums,   c.n_zones,
						   c.clients, c.clients_sums, c.n_clients};

		err = rz_traffic_report_make(conns.snap, &conns.world, &closed, &r);
	}
	if (!err)
		err = a->json ? rz_traffic_print_json(stdout, conns.snap, &r)
			      : rz_traffic_print_text(stdout, conns.snap, &r);
	rz_traffic_report_free(&r);
	free(c.zones);
	free(c.zones_sums);
	free(c.clients);
	free(c.clients_sums);
	rz_conns_free(&conns);
	return err;
}

int rz_cmd_traffic(int argc, char **argv)
{
	struct rz_maps maps;
	struct rz_ask a;
	int err;

	rz_ask_read(argc, argv,
		    "Shows the bytes between zones and by client, of open connections (as of their "
		    "latest request) and closed ones, since rezone's maps were made.\vExit status: "
		    "0 done, 1 could not, 2 used "
		    "wrongly.",
		    &a);
	if (rz_ask_open(&a, "traffic", &maps))
		return 1;
	err = report(&a, &maps);
	rz_maps_close(&maps);
	return err ? 1 : 0;
}
