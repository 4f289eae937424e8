// SPDX-License-Identifier: Apache-2.0
/* `rezone cost -o json`: a report (docs/json.md), see cost.h. */
#include <math.h>

#include "base/json.h"
#include "out/cost.h"

/* To a tenth of a cent, as people write it. */
static json_t *dollars(bool known, double usd)
{
	return known ? json_real(rint(usd * 1000) / 1000) : json_null();
}

static json_t *hour_text(uint32_t hour)
{
	return rz_json_time(hour * 3600ULL * 1000000000);
}

static json_t *price_object(const struct rz_price *p)
{
	if (!p->known)
		return json_null();
	return json_pack("{s:s, s:f, s:f, s:I, s:o, s:o, s:s}", "name", p->name, "to_agent_usd",
			 p->to_agent, "from_agent_usd", p->from_agent, "unit_bytes",
			 (json_int_t)p->unit_bytes, "source", rz_json_text(p->source), "read_on",
			 rz_json_text(p->read_on), "what", p->what);
}

static void set_bytes(json_t *o, const struct rz_cost_report *r, const struct rz_cost_bytes *b)
{
	json_object_set_new(o, "cross_rx_bytes",
			    json_integer((json_int_t)b->rx[RZ_LOCALITY_CROSS]));
	json_object_set_new(o, "cross_tx_bytes",
			    json_integer((json_int_t)b->tx[RZ_LOCALITY_CROSS]));
	json_object_set_new(o, "same_bytes",
			    json_integer((json_int_t)rz_cost_bytes_in(b, RZ_LOCALITY_SAME)));
	json_object_set_new(o, "unknown_bytes",
			    json_integer((json_int_t)rz_cost_bytes_in(b, RZ_LOCALITY_UNKNOWN)));
	json_object_set_new(o, "usd", dollars(r->price.known, rz_cost_of(r, b)));
}

static void set_month(json_t *o, const struct rz_cost_report *r, const struct rz_cost_bytes *b)
{
	json_object_set_new(o, "month_usd",
			    dollars(r->price.known && r->covered_ns,
				    rz_price_month(rz_cost_of(r, b), r->covered_ns)));
}

/* Hours in which something was carried. */
static json_t *hours_array(const struct rz_cost_report *r, const struct rz_cost_row *row)
{
	json_t *a = json_array(), *o;
	size_t i, l;

	for (i = 0; i < RZ_COST_HOURS; i++) {
		uint64_t n = 0;

		for (l = 0; l < RZ_LOCALITY_COUNT; l++)
			n += rz_cost_bytes_in(&row->hours[i], l);
		if (!n)
			continue;
		o = json_object();
		json_object_set_new(o, "hour",
				    hour_text(r->hour - (uint32_t)(RZ_COST_HOURS - 1 - i)));
		set_bytes(o, r, &row->hours[i]);
		json_array_append_new(a, o);
	}
	return a;
}

static const char *who_word(enum rz_cost_who who)
{
	static const char *const words[] = {"client", "not identified", "others"};

	return words[who];
}

static json_t *row_object(const struct rz_cost_report *r, const struct rz_cost_row *row,
			  enum rz_cost_by by)
{
	json_t *o = json_object();

	switch (by) {
	case RZ_COST_BY_ZONES:
		json_object_set_new(o, "client_zone", rz_json_text(row->zones.client_zone));
		json_object_set_new(o, "agent_zone", rz_json_text(row->zones.agent_zone));
		break;
	case RZ_COST_BY_GROUP:
		json_object_set_new(o, "group", rz_json_text(row->zones.group));
		break;
	case RZ_COST_BY_CLIENT:
		json_object_set_new(o, "client_id", rz_json_text(row->id));
		json_object_set_new(o, "who", json_string(who_word(row->who)));
		break;
	default:
		json_object_set_new(o, "hour", hour_text(row->hour));
		set_bytes(o, r, &row->bytes);
		return o;
	}
	set_bytes(o, r, &row->bytes);
	set_month(o, r, &row->bytes);
	json_object_set_new(o, "hours", hours_array(r, row));
	return o;
}

static json_t *rows_array(const struct rz_cost_report *r, enum rz_cost_by by, size_t limit)
{
	json_t *a = json_array();
	size_t i, n = limit && limit < r->by[by].n ? limit : r->by[by].n;

	for (i = 0; i < n; i++)
		json_array_append_new(a, row_object(r, &r->by[by].rows[i], by));
	return a;
}

static json_t *saving_object(const struct rz_cost_report *r)
{
	const struct rz_saving *s = &r->saving;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "moves",
			 (json_int_t)s->moves, "home", (json_int_t)s->home, "left",
			 (json_int_t)s->left, "returned", (json_int_t)s->returned, "open",
			 (json_int_t)s->open, "least_bytes",
			 (json_int_t)(s->least_rx + s->least_tx), "most_bytes",
			 (json_int_t)(s->most_rx + s->most_tx), "least_usd",
			 dollars(r->price.known, rz_price_of(&r->price, s->least_rx, s->least_tx)),
			 "most_usd",
			 dollars(r->price.known, rz_price_of(&r->price, s->most_rx, s->most_tx)));
}

int rz_cost_print_json(FILE *f, const struct rz_cost_report *r, size_t limit)
{
	json_t *o = json_object(), *all = json_object();

	set_bytes(all, r, &r->all);
	set_month(all, r, &r->all);
	json_object_set_new(o, "since", rz_json_time(r->since_unix_ns));
	json_object_set_new(o, "until", rz_json_time(r->until_unix_ns));
	json_object_set_new(o, "covered_s", rz_json_seconds((double)r->covered_ns / 1e9));
	json_object_set_new(o, "price", price_object(&r->price));
	json_object_set_new(o, "total", all);
	json_object_set_new(o, "zones", rows_array(r, RZ_COST_BY_ZONES, limit));
	json_object_set_new(o, "groups", rows_array(r, RZ_COST_BY_GROUP, limit));
	json_object_set_new(o, "clients", rows_array(r, RZ_COST_BY_CLIENT, limit));
	json_object_set_new(o, "hours", rows_array(r, RZ_COST_BY_HOUR, 0));
	json_object_set_new(o, "saved", saving_object(r));
	json_object_set_new(o, "lost_connections", json_integer((json_int_t)r->lost));
	return rz_json_print(f, o, false);
}
