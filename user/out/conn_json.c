// SPDX-License-Identifier: Apache-2.0
/* JSON of connections, see conn_json.h. Text in the maps is printable ASCII already. */
#include "out/conn_json.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/json_rows.h"
#include "base/str.h"
#include "policy/classify.h"
#include "topo/group.h"
#include "topo/source.h"

static void put_client(struct rz_json_rows *j, const struct rz_conn_row *r)
{
	const struct rz_client *c = r->client;

	rz_json_rows_string(j, "client_id", c && !c->is_null ? c->id : NULL);
	rz_json_rows_bool(j, "truncated", c, c && c->truncated);
	rz_json_rows_string(j, "dialect", c ? rz_dialect_name(c->dialect) : NULL);
	rz_json_rows_bool(j, "opt_in", c, c && c->opt_in);
	rz_json_rows_text(j, "session_id", c ? c->session_id : NULL);
	rz_json_rows_text(j, "proxy_target", c ? c->proxy_target : NULL);
	rz_json_rows_text(j, "agent_group", c ? c->agent_group : NULL);
	rz_json_rows_text(j, "software", r->software ? r->software->name : NULL);
	rz_json_rows_text(j, "software_version", r->software ? r->software->version : NULL);
	rz_json_rows_text(j, "library", r->library);
	rz_json_rows_text(j, "library_version", r->library_version);
	rz_json_rows_string(j, "library_known_by", rz_known_by_name(r->verdict.known_by));
}

static void put_zones(struct rz_json_rows *j, const struct rz_verdict *v)
{
	rz_json_rows_text(j, "client_zone", v->client_zone);
	rz_json_rows_string(j, "zone_from",
			    !v->client_zone	 ? NULL
			    : v->zone_by_address ? "address"
						 : "tag");
	rz_json_rows_text(j, "agent_zone", v->agent_zone);
	rz_json_rows_text(j, "group", v->group);
	rz_json_rows_string(j, "locality", rz_locality_name(v->locality));
	rz_json_rows_string(j, "kind", rz_kind_name(v->kind));
}

/* As a moment of the clock, to the second: the row's own times are of a clock that stops in sleep.
 */
static const char *expected_home_by(const struct rz_conn_row *r, char time[static RZ_TIME_TEXT])
{
	struct timespec now;
	double at_s;

	if (!r->verdict.expected_ns)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	at_s = round((double)now.tv_sec + (double)now.tv_nsec / 1e9 + r->expected_s);
	rz_time_format(time, (uint64_t)at_s * 1000000000ULL);
	return time;
}

/* All keys but `node`. */
static void put_row(struct rz_json_rows *j, const struct rz_conn_row *r)
{
	const struct rz_frame *f = &r->conn->frame;
	char time[RZ_TIME_TEXT];

	rz_json_rows_number(j, "cookie", (int64_t)r->conn->cookie);
	rz_json_rows_number(j, "netns", r->conn->netns);
	rz_json_rows_string(j, "client", r->client_at);
	rz_json_rows_text(j, "proxy", r->proxy_at);
	rz_json_rows_string(j, "via", rz_via_name(f->via));
	rz_json_rows_string(j, "agent", r->agent_at);
	put_client(j, r);
	put_zones(j, &r->verdict);
	rz_json_rows_string(j, "state", rz_state_name(f->state));
	rz_json_rows_string(j, "protocol", f->protocol ? rz_protocol_name(f->protocol) : NULL);
	rz_json_rows_seconds(j, "age_s", r->age_s);
	rz_json_rows_seconds(j, "metadata_age_s", r->metadata_age_s);
	rz_json_rows_seconds(j, "data_age_s", r->data_age_s);
	rz_json_rows_seconds(j, "idle_s", r->idle_s);
	rz_json_rows_number(j, "requests", f->requests);
	rz_json_rows_number(j, "answerable", f->answerable);
	rz_json_rows_number(j, "rx_bytes", (int64_t)r->conn->rx_bytes);
	rz_json_rows_number(j, "tx_bytes", (int64_t)r->conn->tx_bytes);
	rz_json_rows_bool(j, "parked", true, r->parked_s >= 0);
	rz_json_rows_seconds(j, "parked_s", r->parked_s);
	rz_json_rows_bool(j, "adopted", true, f->adopted);
	rz_json_rows_string(j, "expected_home_by", expected_home_by(r, time));
	rz_json_rows_string(j, "verdict", r->move ? "move" : "keep");
	rz_json_rows_text(j, "phase", r->phase);
	rz_json_rows_string(j, "reason", rz_reason_name(r->reason));
}

json_t *rz_conn_json(const struct rz_conn_row *r)
{
	struct rz_json_rows rows;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	json_t *array, *ret;

	if (!f)
		return NULL;
	rz_json_rows_begin(&rows, f, true);
	rz_json_rows_open(&rows);
	put_row(&rows, r);
	rz_json_rows_close(&rows, false);
	rz_json_rows_end(&rows);
	array = fclose(f) ? NULL : json_loadb(text, size, 0, NULL);
	free(text);
	ret = json_incref(json_array_get(array, 0));
	json_decref(array);
	return ret;
}

int rz_conn_json_print(FILE *f, const struct rz_conn_row *rows, size_t n, bool compact)
{
	struct rz_json_rows all;
	size_t i;

	rz_json_rows_begin(&all, f, compact);
	for (i = 0; i < n; i++) {
		rz_json_rows_open(&all);
		put_row(&all, &rows[i]);
		rz_json_rows_close(&all, true);
	}
	rz_json_rows_end(&all);
	return 0;
}
