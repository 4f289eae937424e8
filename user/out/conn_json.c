// SPDX-License-Identifier: Apache-2.0
/* JSON of connections, see conn_json.h. Text in the maps is printable ASCII already; jansson
 * refuses anything else. */
#include "out/conn_json.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/str.h"
#include "policy/classify.h"
#include "topo/group.h"
#include "topo/source.h"

/* Adds one key; jansson takes the value over, also where it fails. */
static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static void set_client(json_t *o, const struct rz_conn_row *r)
{
	const struct rz_client *c = r->client;

	set(o, "client_id", c && !c->is_null ? json_string(c->id) : json_null());
	set(o, "truncated", c ? json_boolean(c->truncated) : json_null());
	set(o, "dialect", c ? json_string(rz_dialect_name(c->dialect)) : json_null());
	set(o, "opt_in", c ? json_boolean(c->opt_in) : json_null());
	set(o, "session_id", rz_json_text(c ? c->session_id : NULL));
	set(o, "proxy_target", rz_json_text(c ? c->proxy_target : NULL));
	set(o, "agent_group", rz_json_text(c ? c->agent_group : NULL));
	set(o, "software", rz_json_text(r->software ? r->software->name : NULL));
	set(o, "software_version", rz_json_text(r->software ? r->software->version : NULL));
	set(o, "library", rz_json_text(r->library));
	set(o, "library_version", rz_json_text(r->library_version));
	set(o, "library_known_by", json_string(rz_known_by_name(r->verdict.known_by)));
}

static void set_zones(json_t *o, const struct rz_verdict *v)
{
	set(o, "client_zone", rz_json_text(v->client_zone));
	set(o, "zone_from",
	    v->client_zone ? json_string(v->zone_by_address ? "address" : "tag") : json_null());
	set(o, "agent_zone", rz_json_text(v->agent_zone));
	set(o, "group", rz_json_text(v->group));
	set(o, "locality", json_string(rz_locality_name(v->locality)));
	set(o, "kind", json_string(rz_kind_name(v->kind)));
}

/* As a moment of the clock, to the second: the row's own times are of a clock that stops in sleep.
 */
static json_t *expected_home_by(const struct rz_conn_row *r)
{
	char time[RZ_TIME_TEXT];
	struct timespec now;
	double at_s;

	if (!r->verdict.expected_ns)
		return json_null();
	clock_gettime(CLOCK_REALTIME, &now);
	at_s = round((double)now.tv_sec + (double)now.tv_nsec / 1e9 + r->expected_s);
	rz_time_format(time, (uint64_t)at_s * 1000000000ULL);
	return json_string(time);
}

json_t *rz_conn_json(const struct rz_conn_row *r)
{
	const struct rz_frame *f = &r->conn->frame;
	json_t *o = json_object();

	set(o, "cookie", json_integer((json_int_t)r->conn->cookie));
	set(o, "netns", json_integer((json_int_t)r->conn->netns));
	set(o, "client", json_string(r->client_at));
	set(o, "proxy", rz_json_text(r->proxy_at));
	set(o, "via", json_string(rz_via_name(f->via)));
	set(o, "agent", json_string(r->agent_at));
	set_client(o, r);
	set_zones(o, &r->verdict);
	set(o, "state", json_string(rz_state_name(f->state)));
	set(o, "protocol", f->protocol ? json_string(rz_protocol_name(f->protocol)) : json_null());
	set(o, "age_s", rz_json_seconds(r->age_s));
	set(o, "metadata_age_s", rz_json_seconds(r->metadata_age_s));
	set(o, "data_age_s", rz_json_seconds(r->data_age_s));
	set(o, "idle_s", rz_json_seconds(r->idle_s));
	set(o, "requests", json_integer(f->requests));
	set(o, "answerable", json_integer(f->answerable));
	set(o, "rx_bytes", json_integer((json_int_t)r->conn->rx_bytes));
	set(o, "tx_bytes", json_integer((json_int_t)r->conn->tx_bytes));
	set(o, "parked", json_boolean(r->parked_s >= 0));
	set(o, "parked_s", rz_json_seconds(r->parked_s));
	set(o, "adopted", json_boolean(f->adopted));
	set(o, "expected_home_by", expected_home_by(r));
	set(o, "verdict", json_string(r->move ? "move" : "keep"));
	set(o, "phase", rz_json_text(r->phase));
	set(o, "reason", json_string(rz_reason_name(r->reason)));
	return o;
}

int rz_conn_json_print(FILE *f, const struct rz_conn_row *rows, size_t n, bool compact)
{
	struct rz_json_array all;
	size_t i;

	rz_json_array_begin(&all, f, compact);
	for (i = 0; i < n; i++)
		rz_json_array_add(&all, rz_conn_json(&rows[i]));
	return rz_json_array_end(&all);
}
