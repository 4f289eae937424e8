// SPDX-License-Identifier: Apache-2.0
/* `rezone traffic`: a report as tables or JSON, see traffic.h. */
#include "out/traffic.h"

#include "base/json.h"
#include "out/table.h"
#include "policy/reason.h"

#define CLIENTS_SHOWN 20 /* in the table, without a limit; JSON has all */

static size_t shown(const struct rz_traffic_report *r, size_t n, size_t without_limit)
{
	size_t most = r->limit ?: without_limit;

	return n < most ? n : most;
}

static const char *id_of(const struct rz_snapshot *snap, uint64_t client)
{
	const struct rz_client *c = client ? rz_snapshot_client(snap, client) : NULL;

	return c && !c->is_null ? c->id : NULL;
}

static json_t *sum_object(const struct rz_traffic_sum *s)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "rx_bytes", (json_int_t)s->rx_bytes, "tx_bytes",
			 (json_int_t)s->tx_bytes, "closed", (json_int_t)s->closed, "open",
			 (json_int_t)s->open);
}

int rz_traffic_print_json(FILE *f, const struct rz_snapshot *snap,
			  const struct rz_traffic_report *r)
{
	json_t *zones = json_array(), *clients = json_array(), *o;
	struct rz_traffic_share share = rz_traffic_share(r);
	double percent = rz_traffic_tls_percent(&share);
	size_t i;

	for (i = 0; i < shown(r, r->n_zones, SIZE_MAX); i++) {
		const struct rz_traffic_sum *s = &r->zones[i];

		o = sum_object(s);
		json_object_set_new(o, "client_zone", rz_json_text(s->zones.client_zone));
		json_object_set_new(o, "agent_zone", rz_json_text(s->zones.agent_zone));
		json_object_set_new(o, "locality", json_string(rz_locality_name(s->locality)));
		json_object_set_new(o, "tls_rx_bytes", json_integer((json_int_t)s->tls_rx_bytes));
		json_object_set_new(o, "tls_tx_bytes", json_integer((json_int_t)s->tls_tx_bytes));
		json_array_append_new(zones, o);
	}
	for (i = 0; i < shown(r, r->n_clients, SIZE_MAX); i++) {
		o = sum_object(&r->clients[i]);
		json_object_set_new(o, "client_id",
				    rz_json_text(id_of(snap, r->clients[i].client)));
		json_array_append_new(clients, o);
	}
	o = json_pack("{s:o, s:o, s:o}", "zones", zones, "clients", clients, "tls_cross_percent",
		      percent < 0 ? json_null() : json_real(percent));
	return rz_json_print(f, o, false);
}

static int add_row(struct rz_table *t, const char *first, const char *second, const char *third,
		   const struct rz_traffic_sum *s, const char *color)
{
	char rx[16], tx[16], closed[24], open[24];
	const char *cells[7] = {first};
	size_t n = 1;

	if (second)
		cells[n++] = second;
	if (third)
		cells[n++] = third;
	rz_table_bytes(rx, sizeof(rx), s->rx_bytes);
	rz_table_bytes(tx, sizeof(tx), s->tx_bytes);
	snprintf(closed, sizeof(closed), "%llu", (unsigned long long)s->closed);
	snprintf(open, sizeof(open), "%llu", (unsigned long long)s->open);
	cells[n++] = rx;
	cells[n++] = tx;
	cells[n++] = open;
	cells[n] = closed;
	return rz_table_add(t, cells, color);
}

static int print_zones(FILE *f, const struct rz_traffic_report *r)
{
	static const char *const columns[] = {"CLIENTS IN", "AGENTS IN", "LOCALITY", "FROM CLIENT",
					      "TO CLIENT",  "OPEN",	 "CLOSED",   NULL};
	static const char *const colors[] = {NULL, "green", "yellow"};
	struct rz_table *t;
	size_t i;
	int err = rz_table_new(f, columns, &t);

	for (i = 0; !err && i < shown(r, r->n_zones, SIZE_MAX); i++) {
		const struct rz_traffic_sum *s = &r->zones[i];

		err = add_row(t, s->zones.client_zone,
			      s->zones.agent_zone[0] ? s->zones.agent_zone : "-",
			      rz_locality_name(s->locality), s, colors[s->locality]);
	}
	return err ? err : rz_table_end(t);
}

static int print_clients(FILE *f, const struct rz_snapshot *snap, const struct rz_traffic_report *r)
{
	static const char *const columns[] = {"CLIENT ID", "FROM CLIENT", "TO CLIENT",
					      "OPEN",	   "CLOSED",	  NULL};
	size_t i, n = shown(r, r->n_clients, CLIENTS_SHOWN);
	struct rz_table *t;
	int err = rz_table_new(f, columns, &t);

	for (i = 0; !err && i < n; i++)
		err = add_row(t, id_of(snap, r->clients[i].client), NULL, NULL, &r->clients[i],
			      NULL);
	if (!err)
		err = rz_table_end(t);
	if (n < r->n_clients)
		fprintf(f, "and %zu more (--limit, -o json)\n", r->n_clients - n);
	return err;
}

/* "42.0 % of 1.2G stayed in their zone; 7.0 % of 712.7M across zones is under TLS, never moved" */
static void print_share(FILE *f, const struct rz_traffic_report *r)
{
	struct rz_traffic_share share = rz_traffic_share(r);
	uint64_t same = share.all[RZ_LOCALITY_SAME], cross = share.all[RZ_LOCALITY_CROSS];
	char text[16];

	if (!(same + cross))
		return;
	rz_table_bytes(text, sizeof(text), same + cross);
	fprintf(f, "%.1f %% of %s stayed in their zone",
		100.0 * (double)same / (double)(same + cross), text);
	if (share.tls[RZ_LOCALITY_CROSS]) {
		rz_table_bytes(text, sizeof(text), cross);
		fprintf(f, "; %.1f %% of %s across zones is under TLS, never moved",
			rz_traffic_tls_percent(&share), text);
	}
	fputs("\n\n", f);
}

int rz_traffic_print_text(FILE *f, const struct rz_snapshot *snap,
			  const struct rz_traffic_report *r)
{
	int err;

	if (!r->n_zones) {
		fputs("no traffic yet\n", f);
		return 0;
	}
	err = print_zones(f, r);
	print_share(f, r);
	return err ? err : print_clients(f, snap, r);
}
