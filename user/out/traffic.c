// SPDX-License-Identifier: Apache-2.0
/* Bytes by zones and by client, see traffic.h. Pure. */
#include "out/traffic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static struct rz_traffic_sum of_zones(const char *client, const char *agent)
{
	struct rz_traffic_sum s = {};

	rz_str_copy(s.zones.client_zone, sizeof(s.zones.client_zone), client);
	rz_str_copy(s.zones.agent_zone, sizeof(s.zones.agent_zone), agent);
	if (!*client || !*agent)
		s.locality = RZ_LOCALITY_UNKNOWN;
	else
		s.locality = strcmp(client, agent) ? RZ_LOCALITY_CROSS : RZ_LOCALITY_SAME;
	return s;
}

static int by_zones(const void *a, const void *b)
{
	const struct rz_traffic_sum *x = a, *y = b;
	int d = strcmp(x->zones.client_zone, y->zones.client_zone);

	return d ? d : strcmp(x->zones.agent_zone, y->zones.agent_zone);
}

static int by_client(const void *a, const void *b)
{
	const struct rz_traffic_sum *x = a, *y = b;

	return x->client < y->client ? -1 : x->client > y->client;
}

static int most_first(const void *a, const void *b)
{
	const struct rz_traffic_sum *x = a, *y = b;
	uint64_t m = x->rx_bytes + x->tx_bytes, n = y->rx_bytes + y->tx_bytes;

	return m > n ? -1 : m < n;
}

/* Adds up rows that are equal by `order`; returns how many are left, the most bytes first. */
static size_t add_up(struct rz_traffic_sum *rows, size_t n,
		     int (*order)(const void *, const void *))
{
	size_t i, kept = 0;

	qsort(rows, n, sizeof(*rows), order);
	for (i = 0; i < n; i++) {
		if (!kept || order(&rows[kept - 1], &rows[i])) {
			rows[kept++] = rows[i];
			continue;
		}
		rows[kept - 1].rx_bytes += rows[i].rx_bytes;
		rows[kept - 1].tx_bytes += rows[i].tx_bytes;
		rows[kept - 1].tls_rx_bytes += rows[i].tls_rx_bytes;
		rows[kept - 1].tls_tx_bytes += rows[i].tls_tx_bytes;
		rows[kept - 1].closed += rows[i].closed;
		rows[kept - 1].open += rows[i].open;
	}
	qsort(rows, kept, sizeof(*rows), most_first);
	return kept;
}

/* Rows of all groups: bytes and closed connections as counted, the open ones where they are now. */
static size_t fill_zones(const struct rz_snapshot *snap, const struct rz_world *world,
			 const struct rz_traffic_counted *c, struct rz_traffic_sum *rows)
{
	size_t i, n = 0;

	for (i = 0; i < c->n_zones; i++) {
		rows[n] = of_zones(c->zones[i].client_zone, c->zones[i].agent_zone);
		rows[n].rx_bytes = c->zones_sums[i].rx_bytes;
		rows[n].tx_bytes = c->zones_sums[i].tx_bytes;
		rows[n].tls_rx_bytes = c->zones_sums[i].tls_rx_bytes;
		rows[n].tls_tx_bytes = c->zones_sums[i].tls_tx_bytes;
		rows[n++].closed = c->zones_sums[i].closed;
	}
	for (i = 0; i < snap->n_conns; i++) {
		struct rz_endpoint proxied;
		struct rz_judged_conn j = rz_judged(snap, &snap->conns[i], &proxied);
		struct rz_where at = rz_where_of(&j, world);

		rows[n] = of_zones(at.client_zone, at.agent_zone);
		rows[n++].open = 1;
	}
	return n;
}

static size_t fill_clients(const struct rz_snapshot *snap, const struct rz_traffic_counted *c,
			   struct rz_traffic_sum *rows)
{
	size_t i, n = 0;

	for (i = 0; i < c->n_clients; i++)
		rows[n++] = (struct rz_traffic_sum){.client = c->clients[i],
						    .rx_bytes = c->clients_sums[i].rx_bytes,
						    .tx_bytes = c->clients_sums[i].tx_bytes,
						    .closed = c->clients_sums[i].connections};
	for (i = 0; i < snap->n_conns; i++) {
		const struct rz_conn *k = &snap->conns[i];

		rows[n++] =
			(struct rz_traffic_sum){.client = k->frame.tentative ? 0 : k->frame.client,
						.rx_bytes = k->rx_bytes,
						.tx_bytes = k->tx_bytes,
						.open = 1};
	}
	return n;
}

struct rz_traffic_share rz_traffic_share(const struct rz_traffic_report *r)
{
	struct rz_traffic_share ret = {};
	size_t i;

	for (i = 0; i < r->n_zones; i++) {
		const struct rz_traffic_sum *s = &r->zones[i];

		ret.all[s->locality] += s->rx_bytes + s->tx_bytes;
		ret.tls[s->locality] += s->tls_rx_bytes + s->tls_tx_bytes;
	}
	return ret;
}

double rz_traffic_tls_percent(const struct rz_traffic_share *s)
{
	if (!s->all[RZ_LOCALITY_CROSS])
		return -1;
	return 100.0 * (double)s->tls[RZ_LOCALITY_CROSS] / (double)s->all[RZ_LOCALITY_CROSS];
}

int rz_traffic_report_make(const struct rz_snapshot *snap, const struct rz_world *world,
			   const struct rz_traffic_counted *c, struct rz_traffic_report *ret)
{
	struct rz_traffic_sum *zones = calloc(c->n_zones + snap->n_conns + 1, sizeof(*zones));
	struct rz_traffic_sum *clients = calloc(c->n_clients + snap->n_conns + 1, sizeof(*clients));

	if (!zones || !clients) {
		free(zones);
		free(clients);
		return -ENOMEM;
	}
	ret->zones = zones;
	ret->n_zones = add_up(zones, fill_zones(snap, world, c, zones), by_zones);
	ret->clients = clients;
	ret->n_clients = add_up(clients, fill_clients(snap, c, clients), by_client);
	return 0;
}

void rz_traffic_report_free(struct rz_traffic_report *r)
{
	free(r->zones);
	free(r->clients);
}
