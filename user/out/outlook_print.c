// SPDX-License-Identifier: Apache-2.0
/* `rezone plan` for people, see outlook.h; for programs: outlook_json.c. */
#include "out/outlook.h"

#include "base/str.h"
#include "out/table.h"
#include "policy/advice.h"

/* Columns that not every way of adding up has. */
static const char client_zone[] = "CLIENT ZONE", agent_zone[] = "AGENT ZONE",
		  client_id[] = "CLIENT ID";

#define STEP_NS 100000000ULL /* times are shown to a tenth of a second */

static const char *id_of(const struct rz_outlook_row *r)
{
	return r->client && !r->client->is_null ? r->client->id : NULL;
}

/* What a month costs: "$12.50"; where the price is not known, its bytes; "-" if nobody knows. */
static void month_text(const struct rz_outlook_view *v, const struct rz_outlook_sum *s, char *dst,
		       size_t size)
{
	double usd;

	if (rz_outlook_price(v, s, &usd))
		snprintf(dst, size, "$%.2f", usd);
	else if (s->projected)
		rz_table_bytes(dst, size, (uint64_t)(s->rx_month + s->tx_month));
	else
		snprintf(dst, size, "-");
}

/* "first tick", "after 1m30s", "later" */
static void after_text(uint64_t after_ns, char *dst, size_t size)
{
	char age[32];

	if (after_ns == RZ_FORECAST_LATER) {
		snprintf(dst, size, "later");
	} else if (!after_ns) {
		snprintf(dst, size, "first tick");
	} else {
		rz_duration_format(age, sizeof(age), after_ns / STEP_NS * STEP_NS);
		snprintf(dst, size, "after %s", age);
	}
}

static size_t shown(const struct rz_outlook_view *v, const struct rz_outlook_rows *r)
{
	return v->limit && v->limit < r->n ? v->limit : r->n;
}

static void print_rest(FILE *f, const struct rz_outlook_view *v, const struct rz_outlook_rows *r)
{
	if (shown(v, r) < r->n)
		fprintf(f, "and %zu more (--limit, -o json)\n", r->n - shown(v, r));
}

/* ---- columns ---- */

#define COLUMNS_MAX 12

/* Of columns, or of a row's cells, those that rows have which are added up as they are. */
struct columns {
	const char *text[COLUMNS_MAX];
};

static struct columns kept(const struct rz_outlook_view *v, const char *const *headings,
			   const char *const *cells)
{
	enum rz_outlook_group by = v->group;
	bool all = by == RZ_OUTLOOK_GROUP_COUNT, zones = all || by == RZ_OUTLOOK_GROUP_ZONES;
	struct columns c = {};
	size_t i, n = 0;

	for (i = 0; headings[i]; i++) {
		if (headings[i] == client_zone && !zones && by != RZ_OUTLOOK_GROUP_CLIENT_ZONE)
			continue;
		if (headings[i] == agent_zone && !zones && by != RZ_OUTLOOK_GROUP_AGENT_ZONE)
			continue;
		if (headings[i] == client_id && !all && by != RZ_OUTLOOK_GROUP_CLIENT_ID)
			continue;
		c.text[n++] = cells[i];
	}
	return c;
}

static int begin(FILE *f, const struct rz_outlook_view *v, const char *const *headings,
		 struct rz_table **ret)
{
	return rz_table_new(f, kept(v, headings, headings).text, ret);
}

static int add(struct rz_table *t, const struct rz_outlook_view *v, const char *const *headings,
	       const char *const *cells)
{
	return rz_table_add(t, kept(v, headings, cells).text, NULL);
}

struct cells {
	char conns[24], rx[16], tx[16], month[32];
};

static void fill(struct cells *c, const struct rz_outlook_view *v, const struct rz_outlook_sum *s)
{
	snprintf(c->conns, sizeof(c->conns), "%zu", s->conns);
	rz_table_bytes(c->rx, sizeof(c->rx), s->rx_bytes);
	rz_table_bytes(c->tx, sizeof(c->tx), s->tx_bytes);
	month_text(v, s, c->month, sizeof(c->month));
}

/* ---- who would be moved ---- */

static const char *const move_columns[] = {client_zone, agent_zone, "CONNECTIONS", "FROM CLIENT",
					   "TO CLIENT", "A MONTH",  "FIRST",	   "LAST",
					   "BY",	client_id,  NULL};

static int add_move(struct rz_table *t, const struct rz_outlook_view *v,
		    const struct rz_outlook_row *r)
{
	char first[40], last[40];
	struct cells c;
	const char *cells[] = {
		r->client_zone, r->agent_zone, c.conns,
		c.rx,		c.tx,	       c.month,
		first,		last,	       r->close == RZ_CLOSE_FIN ? "FIN" : "reset",
		id_of(r)};

	fill(&c, v, &r->sum);
	after_text(r->first_ns, first, sizeof(first));
	after_text(r->later ? RZ_FORECAST_LATER : r->last_ns, last, sizeof(last));
	return add(t, v, move_columns, cells);
}

static void print_pace(FILE *f, const struct rz_outlook_view *v)
{
	const struct rz_outlook *o = v->outlook;
	char last[40], interval[32];

	after_text(o->last_ns, last, sizeof(last));
	rz_duration_format(interval, sizeof(interval), v->snap->settings.interval_ns);
	fprintf(f, "%zu in the first tick", o->first_tick);
	if (o->later)
		fprintf(f, ", %zu later than can be foretold", o->later);
	else if (o->last_ns)
		fprintf(f, ", the last one %s", last);
	fprintf(f, "; a tick every %s, --rate %g, --rate-per-target %g\n", interval,
		v->limits->rates.node, v->limits->rates.per_target);
}

static int print_moves(FILE *f, const struct rz_outlook_view *v)
{
	const struct rz_outlook_rows *moves = &v->outlook->moves;
	struct rz_table *t;
	size_t i;
	int err;

	if (!moves->n) {
		fputs("Would move: nobody\n", f);
		return 0;
	}
	fprintf(f, "Would move: %zu connections\n", v->outlook->all_moves.conns);
	err = begin(f, v, move_columns, &t);
	for (i = 0; !err && i < shown(v, moves); i++)
		err = add_move(t, v, &moves->rows[i]);
	if (!err)
		err = rz_table_end(t);
	print_rest(f, v, moves);
	print_pace(f, v);
	return err;
}

/* ---- who stays ---- */

static int print_reasons(FILE *f, const struct rz_outlook_view *v)
{
	static const char *const columns[] = {"REASON",	     "LOCALITY",  "CONNECTIONS", "CLIENTS",
					      "FROM CLIENT", "TO CLIENT", "A MONTH",	 NULL};
	const struct rz_outlook_rows *reasons = &v->outlook->reasons;
	struct rz_table *t;
	size_t i;
	int err = rz_table_new(f, columns, &t);

	for (i = 0; !err && i < reasons->n; i++) {
		const struct rz_outlook_row *r = &reasons->rows[i];
		char clients[24];
		struct cells c;
		const char *cells[] = {rz_reason_name(r->reason),
				       rz_locality_name(r->locality),
				       c.conns,
				       clients,
				       c.rx,
				       c.tx,
				       c.month};

		fill(&c, v, &r->sum);
		snprintf(clients, sizeof(clients), "%zu", r->clients);
		err = rz_table_add(t, cells, NULL);
	}
	return err ? err : rz_table_end(t);
}

static int print_stays_by_client(FILE *f, const struct rz_outlook_view *v)
{
	static const char *const columns[] = {"REASON",	     client_zone,   agent_zone,
					      "CONNECTIONS", "FROM CLIENT", "TO CLIENT",
					      "A MONTH",     client_id,	    NULL};
	const struct rz_outlook_rows *stays = &v->outlook->stays;
	struct rz_table *t;
	size_t i;
	int err = begin(f, v, columns, &t);

	for (i = 0; !err && i < shown(v, stays); i++) {
		const struct rz_outlook_row *r = &stays->rows[i];
		struct cells c;
		const char *cells[] = {rz_reason_name(r->reason),
				       r->client_zone,
				       r->agent_zone,
				       c.conns,
				       c.rx,
				       c.tx,
				       c.month,
				       id_of(r)};

		fill(&c, v, &r->sum);
		err = add(t, v, columns, cells);
	}
	if (!err)
		err = rz_table_end(t);
	print_rest(f, v, stays);
	return err;
}

/* What would have to change, each reason once. */
static void print_advice(FILE *f, const struct rz_outlook_rows *reasons)
{
	bool told[RZ_REASON_COUNT] = {};
	size_t i;

	for (i = 0; i < reasons->n; i++) {
		enum rz_reason reason = reasons->rows[i].reason;
		struct rz_advice a = rz_advice_on(reason);

		if (told[reason])
			continue;
		told[reason] = true;
		fprintf(f, "  %s: %s%s\n", rz_reason_name(reason),
			a.who == RZ_WHO_OWNER	   ? "the client's owner: "
			: a.who == RZ_WHO_OPERATOR ? "the operator: "
						   : "",
			a.change);
	}
}

static int print_stays(FILE *f, const struct rz_outlook_view *v)
{
	int err;

	if (!v->outlook->stays.n)
		return 0;
	fputs("\nWould stay, cross zone or not known:\n", f);
	err = v->wide || v->group != RZ_OUTLOOK_GROUP_COUNT ? print_stays_by_client(f, v)
							    : print_reasons(f, v);
	fputs("To change that:\n", f);
	print_advice(f, &v->outlook->reasons);
	return err;
}

/* ---- who comes by itself ---- */

static int print_awaited(FILE *f, const struct rz_outlook_view *v)
{
	static const char *const columns[] = {client_zone,   agent_zone,  "CONNECTIONS",
					      "FROM CLIENT", "TO CLIENT", "A MONTH",
					      "HOME BY",     client_id,	  NULL};
	const struct rz_outlook_rows *awaited = &v->outlook->awaited;
	struct rz_table *t;
	size_t i;
	int err;

	if (!awaited->n)
		return 0;
	fputs("\nExpected home by themselves, by a refresh of their libraries:\n", f);
	err = begin(f, v, columns, &t);
	for (i = 0; !err && i < shown(v, awaited); i++) {
		const struct rz_outlook_row *r = &awaited->rows[i];
		char in[32], by[40];
		struct cells c;
		const char *cells[] = {r->client_zone, r->agent_zone, c.conns, c.rx,
				       c.tx,	       c.month,	      by,      id_of(r)};

		fill(&c, v, &r->sum);
		rz_table_age(in, sizeof(in),
			     r->expected_ns > v->snap->now_ns
				     ? (double)(r->expected_ns - v->snap->now_ns) / 1e9
				     : 0);
		snprintf(by, sizeof(by), "in %s", in);
		err = add(t, v, columns, cells);
	}
	if (!err)
		err = rz_table_end(t);
	print_rest(f, v, awaited);
	return err;
}

/* ---- the whole ---- */

/* Why nobody is moved now; the plan is as if it were not so. */
static void print_stops(FILE *f, const struct rz_outlook_view *v)
{
	const struct rz_status *s = &v->snap->status;
	char text[32];

	rz_table_pause(f, v->pause, &v->snap->settings);
	if (s->breaker_until_ns > v->snap->now_ns) {
		rz_table_age(text, sizeof(text),
			     (double)(s->breaker_until_ns - v->snap->now_ns) / 1e9);
		fprintf(f, "breaker open: nobody is moved for another %s\n", text);
	}
	if (s->frozen)
		fprintf(f, "frozen: nobody is moved: %s\n", s->frozen_why);
	rz_table_way(f, s, false);
}

static void print_head(FILE *f, const struct rz_outlook_view *v)
{
	const struct rz_conn_totals *t = v->totals;

	fprintf(f, "mode %s; %zu connections: %zu same zone, %zu cross zone, %zu unknown\n",
		rz_mode_name(v->snap->settings.mode), t->all, t->localities[RZ_LOCALITY_SAME],
		t->localities[RZ_LOCALITY_CROSS], t->localities[RZ_LOCALITY_UNKNOWN]);
	if (v->outlook->under_way)
		fprintf(f, "%zu are being moved now\n", v->outlook->under_way);
	print_stops(f, v);
	putc('\n', f);
}

static void print_month(FILE *f, const struct rz_outlook_view *v)
{
	const struct rz_outlook_sum *s = &v->outlook->all_moves;
	char text[32];

	month_text(v, s, text, sizeof(text));
	if (s->projected)
		fprintf(f,
			"\nIn a month, if traffic goes on as until now, %s would %s\n(projected "
			"from %zu of the %zu connections that would move: those seen for a "
			"minute)\n",
			text, v->price.known ? "be saved" : "no longer cross zones", s->projected,
			s->conns);
	else if (s->conns)
		fprintf(f, "\nWhat that saves in a month is told once rezone has seen these "
			   "connections for a minute\n");
	if (s->projected && v->price.known)
		fprintf(f, "price: %s, %s\n", v->price.name, v->price.source);
}

int rz_outlook_print_text(FILE *f, const struct rz_outlook_view *v)
{
	int err;

	print_head(f, v);
	err = print_moves(f, v);
	if (!err)
		err = print_stays(f, v);
	if (!err)
		err = print_awaited(f, v);
	print_month(f, v);
	return err ? -ENOMEM : 0;
}
