// SPDX-License-Identifier: Apache-2.0
/* `rezone top -o json`, see top.h. */
#include "out/top.h"

#include "base/json.h"
#include "out/event.h"
#include "policy/reason.h"

static json_t *rate(const struct rz_top_frame *t, double bytes_s)
{
	return rz_json_number(t->span_s > 0, (int64_t)bytes_s);
}

static json_t *zones_array(const struct rz_top_frame *t)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < t->n_zones; i++) {
		const struct rz_top_zones *z = &t->zones[i];

		json_array_append_new(all, json_pack("{s:o, s:o, s:s, s:I, s:o, s:o}",
						     "client_zone", rz_json_text(z->client_zone),
						     "agent_zone", rz_json_text(z->agent_zone),
						     "locality", rz_locality_name(z->locality),
						     "connections", (json_int_t)z->conns,
						     "rx_bytes_per_s", rate(t, z->rx_rate),
						     "tx_bytes_per_s", rate(t, z->tx_rate)));
	}
	return all;
}

static json_t *client_object(const struct rz_top_frame *t, const struct rz_top_client *c)
{
	return json_pack("{s:o, s:o, s:o, s:s, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:s, s:s}",
			 "client_id", rz_json_text(c->id), "client_zone",
			 rz_json_text(c->client_zone), "agent_zone", rz_json_text(c->agent_zone),
			 "locality", rz_locality_name(c->locality), "connections",
			 (json_int_t)c->conns, "moving", (json_int_t)c->moving, "rx_bytes_per_s",
			 rate(t, c->rx_rate), "tx_bytes_per_s", rate(t, c->tx_rate), "rx_bytes",
			 (json_int_t)c->rx_bytes, "tx_bytes", (json_int_t)c->tx_bytes, "cookie",
			 (json_int_t)c->cookie, "verdict", c->move ? "move" : "keep", "reason",
			 rz_reason_name(c->reason));
}

int rz_top_print_json(FILE *f, const struct rz_top_frame *t, size_t limit, const char *filter,
		      bool cross_only)
{
	json_t *clients = json_array(), *events = json_array();
	char time[RZ_TIME_TEXT];
	size_t i, shown = 0;

	rz_time_format(time, t->wall_ns);
	for (i = 0; i < t->n_clients && (!limit || shown < limit); i++) {
		if (!rz_top_shows(&t->clients[i], filter, cross_only))
			continue;
		json_array_append_new(clients, client_object(t, &t->clients[i]));
		shown++;
	}
	for (i = 0; i < t->n_events; i++) {
		json_t *e = rz_event_json(&t->events[i]);

		rz_json_name_node(e);
		json_array_append_new(events, e);
	}
	return rz_json_print(f,
			     json_pack("{s:s, s:o, s:o, s:o, s:o}", "time", time, "span_s",
				       rz_json_seconds(t->span_s > 0 ? t->span_s : -1), "zones",
				       zones_array(t), "clients", clients, "events", events),
			     true);
}
