// SPDX-License-Identifier: Apache-2.0
/* Bytes by zones and by client, see traffic.h. Pure. */
#include "out/traffic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static void set_zones(struct rz_traffic_sum *s, const struct rz_world *w, const char *client,
		      const char *agent)
{
	client = rz_topo_meant(w->topo, w->zones, client, true);
	agent = rz_topo_meant(w->topo, w->zones, agent, true);
	rz_str_copy(s->zones.client_zone, sizeof(s->zones.client_zone), client);
	rz_str_copy(s->zones.agent_zone, sizeof(s->zones.agent_zone), agent);
	/* the map has the agent's zone cut to what is shown, so what is shown is compared */
	if (!*client || !*agent || !rz_topo_zone_known(w->topo, w->zones, client))
		s->locality = RZ_LOCALITY_UNKNOWN;
	else
		s->locality = strcmp(s->zones.client_zone, s->zones.agent_zone) ? RZ_LOCALITY_CROSS
										: RZ_LOCALITY_SAME;
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

static struct rz_traffic_sum of_closed(const struct rz_traffic *t)
{
	return (struct rz_traffic_sum){
		.rx_bytes = t->rx_bytes, .tx_bytes = t->tx_bytes, .closed = t->connections};
}

static void set_tls(struct rz_traffic_sum *s)
{
	s->tls_rx_bytes = s->rx_bytes;
	s->tls_tx_bytes = s->tx_bytes;
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
			   const struct rz_traffic_closed *closed, struct rz_traffic_report *ret)
{
	struct rz_traffic_sum *zones = calloc(closed->n_zones + snap->n_conns + 1, sizeof(*zones));
	struct rz_traffic_sum *clients =
		calloc(closed->n_clients + snap->n_conns + 1, sizeof(*clients));
	size_t i, n_zones = 0, n_clients = 0;

	if (!zones || !clients) {
		free(zones);
		free(clients);
		return -ENOMEM;
	}
	for (i = 0; i < closed->n_zones; i++) {
		zones[n_zones] = of_closed(&closed->zones_sums[i]);
		if (closed->zones[i].tls)
			set_tls(&zones[n_zones]);
		set_zones(&zones[n_zones++], world, closed->zones[i].client_zone,
			  closed->zones[i].agent_zone);
	}
	for (i = 0; i < closed->n_clients; i++) {
		clients[n_clients] = of_closed(&closed->clients_sums[i]);
		clients[n_clients++].client = closed->clients[i];
	}
	for (i = 0; i < snap->n_conns; i++) {
		const struct rz_conn *c = &snap->conns[i];
		struct rz_judged_conn j = {c, rz_snapshot_client(snap, c->frame.client)};
		struct rz_traffic_sum s = {
			.rx_bytes = c->rx_bytes, .tx_bytes = c->tx_bytes, .open = 1};
		struct rz_verdict v = rz_classify(&j, world);

		set_zones(&s, world, v.client_zone ? v.client_zone : "",
			  v.agent_zone ? v.agent_zone : "");
		if (c->frame.state == RZ_STATE_TLS)
			set_tls(&s);
		zones[n_zones++] = s;
		s.client = c->frame.tentative ? 0 : c->frame.client;
		clients[n_clients++] = s;
	}
	ret->zones = zones;
	ret->n_zones = add_up(zones, n_zones, by_zones);
	ret->clients = clients;
	ret->n_clients = add_up(clients, n_clients, by_client);
	return 0;
}

void rz_traffic_report_free(struct rz_traffic_report *r)
{
	free(r->zones);
	free(r->clients);
}
