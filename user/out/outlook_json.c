// SPDX-License-Identifier: Apache-2.0
/* `rezone plan` for programs, see outlook.h. Keys and words are contracts (docs/json.md). */
#include "out/outlook.h"

#include "base/json.h"
#include "base/str.h"
#include "policy/advice.h"

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static json_t *month_bytes(const struct rz_outlook_sum *s, double bytes)
{
	return rz_json_number(s->projected, (int64_t)bytes);
}

static json_t *dollars(const struct rz_outlook_view *v, const struct rz_outlook_sum *s)
{
	double usd;

	if (!rz_outlook_price(v, s, &usd))
		return json_null();
	return json_real((double)(int64_t)(usd * 100 + 0.5) / 100);
}

static void set_sum(json_t *o, const struct rz_outlook_view *v, const struct rz_outlook_sum *s)
{
	set(o, "connections", json_integer((json_int_t)s->conns));
	set(o, "rx_bytes", json_integer((json_int_t)s->rx_bytes));
	set(o, "tx_bytes", json_integer((json_int_t)s->tx_bytes));
	set(o, "projected", json_integer((json_int_t)s->projected));
	set(o, "month_rx_bytes", month_bytes(s, s->rx_month));
	set(o, "month_tx_bytes", month_bytes(s, s->tx_month));
	set(o, "month_usd", dollars(v, s));
}

static bool is_shown(const struct rz_outlook_view *v, size_t i)
{
	return !v->limit || i < v->limit;
}

static json_t *client_object(const struct rz_outlook_view *v, const struct rz_outlook_row *r)
{
	json_t *o = json_object();

	set(o, "client_id",
	    r->client && !r->client->is_null ? json_string(r->client->id) : json_null());
	set(o, "client_zone", rz_json_text(r->client_zone));
	set(o, "agent_zone", rz_json_text(r->agent_zone));
	set(o, "group", rz_json_text(r->group));
	set_sum(o, v, &r->sum);
	return o;
}

static json_t *after(uint64_t after_ns)
{
	return after_ns == RZ_FORECAST_LATER ? json_null()
					     : rz_json_seconds((double)after_ns / 1e9);
}

static json_t *moves_object(const struct rz_outlook_view *v)
{
	const struct rz_outlook *o = v->outlook;
	json_t *all = json_object(), *clients = json_array();
	size_t i;

	for (i = 0; i < o->moves.n && is_shown(v, i); i++) {
		const struct rz_outlook_row *r = &o->moves.rows[i];
		json_t *c = client_object(v, r);

		set(c, "close", json_string(r->close == RZ_CLOSE_FIN ? "fin" : "reset"));
		set(c, "first_s", after(r->first_ns));
		set(c, "last_s", after(r->later ? RZ_FORECAST_LATER : r->last_ns));
		json_array_append_new(clients, c);
	}
	set_sum(all, v, &o->all_moves);
	set(all, "first_tick", json_integer((json_int_t)o->first_tick));
	set(all, "last_s", o->later || !o->moves.n ? json_null() : after(o->last_ns));
	set(all, "later", json_integer((json_int_t)o->later));
	set(all, "clients", clients);
	return all;
}

static json_t *stays_of(const struct rz_outlook_view *v, const struct rz_outlook_row *reason)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < v->outlook->stays.n; i++) {
		const struct rz_outlook_row *r = &v->outlook->stays.rows[i];

		if (r->reason == reason->reason && r->locality == reason->locality &&
		    is_shown(v, json_array_size(all)))
			json_array_append_new(all, client_object(v, r));
	}
	return all;
}

static json_t *stays_array(const struct rz_outlook_view *v)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < v->outlook->reasons.n; i++) {
		const struct rz_outlook_row *r = &v->outlook->reasons.rows[i];
		struct rz_advice a = rz_advice_on(r->reason);
		json_t *o = json_object();

		set(o, "reason", json_string(rz_reason_name(r->reason)));
		set(o, "locality", json_string(rz_locality_name(r->locality)));
		set_sum(o, v, &r->sum);
		set(o, "who", json_string(rz_who_name(a.who)));
		set(o, "change", json_string(a.change));
		set(o, "clients", stays_of(v, r));
		json_array_append_new(all, o);
	}
	return all;
}

static json_t *awaited_array(const struct rz_outlook_view *v)
{
	json_t *all = json_array();
	char time[RZ_TIME_TEXT];
	size_t i;

	for (i = 0; i < v->outlook->awaited.n && is_shown(v, i); i++) {
		const struct rz_outlook_row *r = &v->outlook->awaited.rows[i];
		uint64_t in_ns =
			r->expected_ns > v->snap->now_ns ? r->expected_ns - v->snap->now_ns : 0;
		json_t *o = client_object(v, r);

		rz_time_format(time, (v->wall_ns + in_ns) / 1000000000ULL * 1000000000ULL);
		set(o, "expected_home_by", json_string(time));
		json_array_append_new(all, o);
	}
	return all;
}

static json_t *price_object(const struct rz_price *p)
{
	if (!p->known)
		return json_null();
	return json_pack("{s:s, s:f, s:f, s:I, s:s}", "name", p->name, "to_agent_usd", p->to_agent,
			 "from_agent_usd", p->from_agent, "unit_bytes", (json_int_t)p->unit_bytes,
			 "source", p->source);
}

int rz_outlook_print_json(FILE *f, const struct rz_outlook_view *v)
{
	const struct rz_conn_totals *t = v->totals;
	const struct rz_status *s = &v->snap->status;
	json_t *o = json_object();

	set(o, "mode", json_string(rz_mode_name(v->snap->settings.mode)));
	set(o, "interval_s", rz_json_seconds((double)v->snap->settings.interval_ns / 1e9));
	set(o, "paused", json_boolean(v->pause || v->snap->settings.paused));
	set(o, "frozen", json_boolean(s->frozen != RZ_FREEZE_NONE));
	set(o, "breaker_open", json_boolean(s->breaker_until_ns > v->snap->now_ns));
	set(o, "connections",
	    json_pack("{s:I, s:I, s:I, s:I}", "all", (json_int_t)t->all, "same",
		      (json_int_t)t->localities[RZ_LOCALITY_SAME], "cross",
		      (json_int_t)t->localities[RZ_LOCALITY_CROSS], "unknown",
		      (json_int_t)t->localities[RZ_LOCALITY_UNKNOWN]));
	set(o, "moving", json_integer((json_int_t)v->outlook->under_way));
	set(o, "price", price_object(&v->price));
	set(o, "would_move", moves_object(v));
	set(o, "stays", stays_array(v));
	set(o, "by_itself", awaited_array(v));
	return rz_json_print(f, o, false);
}
