// SPDX-License-Identifier: Apache-2.0
/* `rezone cost`: a report as tables, see cost.h. */
#include <string.h>

#include "base/str.h"
#include "out/cost.h"
#include "out/table.h"

#define CLIENTS_SHOWN 20 /* in the table; JSON has all */

static const char *text_or_dash(const char *text)
{
	return *text ? text : "-";
}

/* "$12.34", "<$0.01"; "-" if nobody knows the price. dst of 24 bytes suffices. */
static void money(char *dst, size_t size, const struct rz_cost_report *r, double usd)
{
	if (!r->price.known)
		rz_str_copy(dst, size, "-");
	else if (usd > 0 && usd < 0.01)
		rz_str_copy(dst, size, "<$0.01");
	else
		snprintf(dst, size, "$%.2f", usd);
}

/* "2026-11-26 15:00" of an hour, in UTC */
static void hour_text(char dst[RZ_TIME_TEXT], uint32_t hour)
{
	rz_time_format(dst, hour * 3600ULL * 1000000000);
	dst[10] = ' ';
	dst[16] = '\0';
}

static const char *name_of(const struct rz_cost_row *row)
{
	switch (row->who) {
	case RZ_COST_UNIDENTIFIED:
		return "(not identified)";
	case RZ_COST_OTHERS:
		return "(others)";
	default:
		return *row->id ? row->id : "(no client.id)";
	}
}

static void bytes_text(char dst[16], uint64_t bytes)
{
	rz_table_bytes(dst, 16, bytes);
}

/* The columns that every table ends with; returns how many. */
static size_t fill(const struct rz_cost_report *r, const struct rz_cost_bytes *b, char text[6][24],
		   const char **cells)
{
	double usd = rz_cost_of(r, b);
	size_t i;

	bytes_text(text[0], b->rx[RZ_LOCALITY_CROSS]);
	bytes_text(text[1], b->tx[RZ_LOCALITY_CROSS]);
	bytes_text(text[2], rz_cost_bytes_in(b, RZ_LOCALITY_SAME));
	bytes_text(text[3], rz_cost_bytes_in(b, RZ_LOCALITY_UNKNOWN));
	money(text[4], sizeof(text[4]), r, usd);
	money(text[5], sizeof(text[5]), r, rz_price_month(usd, r->covered_ns));
	if (!rz_cost_bytes_in(b, RZ_LOCALITY_CROSS) && !rz_cost_bytes_in(b, RZ_LOCALITY_SAME))
		rz_str_copy(text[4], sizeof(text[4]), "-"); /* nobody knows whether they crossed */
	if (!strcmp(text[4], "-"))
		rz_str_copy(text[5], sizeof(text[5]), "-");
	for (i = 0; i < 6; i++)
		cells[i] = text[i];
	return 6;
}

#define ENDS "CROSS FROM CLIENT", "CROSS TO CLIENT", "SAME", "UNKNOWN", "COST", "A MONTH", NULL

static const char *const columns[RZ_COST_BY_COUNT][9] = {
	[RZ_COST_BY_ZONES] = {"CLIENTS IN", "AGENTS IN", ENDS},
	[RZ_COST_BY_GROUP] = {"GROUP", ENDS},
	[RZ_COST_BY_CLIENT] = {"CLIENT ID", ENDS},
	[RZ_COST_BY_HOUR] = {"HOUR (UTC)", "CROSS FROM CLIENT", "CROSS TO CLIENT", "SAME",
			     "UNKNOWN", "COST", NULL},
};

/* An hour before counting began; one that has bytes stays, for the clock may have been set. */
static bool is_uncounted(const struct rz_cost_report *r, const struct rz_cost_row *row)
{
	return row->hour < rz_ledger_hour(r->since_unix_ns) && row->hour != r->hour &&
	       !rz_cost_bytes_in(&row->bytes, RZ_LOCALITY_CROSS) &&
	       !rz_cost_bytes_in(&row->bytes, RZ_LOCALITY_SAME) &&
	       !rz_cost_bytes_in(&row->bytes, RZ_LOCALITY_UNKNOWN);
}

static int add_row(struct rz_table *t, const struct rz_cost_report *r,
		   const struct rz_cost_row *row, enum rz_cost_by by)
{
	bool crossed = rz_cost_bytes_in(&row->bytes, RZ_LOCALITY_CROSS) > 0;
	char text[6][24], hour[RZ_TIME_TEXT];
	const char *cells[9];
	size_t n = 0;

	if (by == RZ_COST_BY_HOUR) {
		hour_text(hour, row->hour);
		cells[n++] = hour;
	} else if (by == RZ_COST_BY_ZONES) {
		cells[n++] = text_or_dash(row->zones.client_zone);
		cells[n++] = text_or_dash(row->zones.agent_zone);
	} else {
		cells[n++] =
			by == RZ_COST_BY_CLIENT ? name_of(row) : text_or_dash(row->zones.group);
	}
	fill(r, &row->bytes, text, cells + n);
	return rz_table_add(t, cells, crossed ? "yellow" : NULL);
}

static int print_table(FILE *f, const struct rz_cost_report *r, enum rz_cost_by by, size_t limit)
{
	const struct rz_cost_table *rows = &r->by[by];
	size_t i, shown = 0, rest = 0;
	struct rz_table *t;
	int err = rz_table_new(f, columns[by], &t);

	if (by == RZ_COST_BY_CLIENT && !limit)
		limit = CLIENTS_SHOWN;
	for (i = 0; !err && i < rows->n; i++) {
		if (by == RZ_COST_BY_HOUR && is_uncounted(r, &rows->rows[i]))
			continue;
		if (limit && shown == limit) {
			rest++;
			continue;
		}
		shown++;
		err = add_row(t, r, &rows->rows[i], by);
	}
	if (!err)
		err = rz_table_end(t);
	if (rest)
		fprintf(f, "and %zu more (--limit, -o json)\n", rest);
	return err;
}

/* "price: aws, $0.02 per GB to the agents and $0.02 from them: why (where, read on 2026-11-26)" */
static void print_price(FILE *f, const struct rz_cost_report *r)
{
	const struct rz_price *p = &r->price;

	if (!p->known) {
		fputs("price: not known, so no money is shown; set `price`, or give --price "
		      "(docs/cost.md)\n",
		      f);
		return;
	}
	fprintf(f, "price: %s, $%g per %s to the agents and $%g from them: %s\n  (%s%s%s)\n",
		p->name, p->to_agent, p->unit_bytes == RZ_PRICE_GIB ? "GiB" : "GB", p->from_agent,
		p->what, p->source, *p->read_on ? ", read on " : "", p->read_on);
}

static void print_head(FILE *f, const struct rz_cost_report *r)
{
	char since[RZ_TIME_TEXT], until[RZ_TIME_TEXT], covered[32];

	rz_time_format(since, r->since_unix_ns);
	rz_time_format(until, r->until_unix_ns);
	rz_table_age(covered, sizeof(covered), (double)r->covered_ns / 1e9);
	fprintf(f, "the last %s until %.19sZ, counted since %.19sZ; payload, at the agents\n",
		covered, until, since);
	print_price(f, r);
}

static void print_share(FILE *f, const struct rz_cost_report *r)
{
	uint64_t unknown = rz_cost_bytes_in(&r->all, RZ_LOCALITY_UNKNOWN);
	uint64_t cross = rz_cost_bytes_in(&r->all, RZ_LOCALITY_CROSS);
	uint64_t all = unknown + cross + rz_cost_bytes_in(&r->all, RZ_LOCALITY_SAME);
	char text[16], cost[24], a_month[24];
	double usd = rz_cost_of(r, &r->all);

	if (!all)
		return;
	bytes_text(text, all);
	fprintf(f, "%.1f %% of %s crossed zones, of %.1f %% the zones are not known",
		100.0 * cross / all, text, 100.0 * unknown / all);
	money(cost, sizeof(cost), r, usd);
	money(a_month, sizeof(a_month), r, rz_price_month(usd, r->covered_ns));
	if (r->price.known)
		fprintf(f, "; %s so far, %s projected to a month (730 h)", cost, a_month);
	fputs("\n", f);
	if (r->lost)
		fprintf(f, "%llu connections closed unseen: their last bytes are in no row\n",
			(unsigned long long)r->lost);
}

/* "saved by the moves ...: 1.9G to 18.6G ($0.04 to $0.40)", and how that is known. */
static void print_saving(FILE *f, const struct rz_cost_report *r)
{
	const struct rz_saving *s = &r->saving;
	char least[24], most[24], least_usd[24], most_usd[24];

	if (!s->moves)
		return;
	bytes_text(least, (uint64_t)(s->least_rx + s->least_tx));
	bytes_text(most, (uint64_t)(s->most_rx + s->most_tx));
	money(least_usd, sizeof(least_usd), r, rz_price_of(&r->price, s->least_rx, s->least_tx));
	money(most_usd, sizeof(most_usd), r, rz_price_of(&r->price, s->most_rx, s->most_tx));
	fprintf(f, "saved by the moves of these hours, an estimate: %s to %s", least, most);
	if (r->price.known)
		fprintf(f, " (%s to %s)", least_usd, most_usd);
	fprintf(f,
		"\n  %zu moves across zones: %zu home, %zu left, %zu returned, %zu not known yet\n"
		"  at least: of those home, mean rate before the move x the shorter of the time "
		"since and the\n  time it was seen across zones; at most: of those home or left, "
		"the rate x the time since\n",
		s->moves, s->home, s->left, s->returned, s->open);
}

int rz_cost_print_text(FILE *f, const struct rz_cost_report *r, int by, size_t limit)
{
	enum rz_cost_by i;
	int err = 0;

	if (!r->until_unix_ns) {
		fputs("nothing is counted yet: the first tick of the daemon counts\n", f);
		return 0;
	}
	print_head(f, r);
	for (i = 0; !err && i < RZ_COST_BY_COUNT; i++) {
		if (by >= 0 ? (int)i != by : i == RZ_COST_BY_HOUR)
			continue;
		fputs("\n", f);
		err = print_table(f, r, i, limit);
	}
	if (err)
		return err;
	fputs("\n", f);
	print_share(f, r);
	print_saving(f, r);
	return 0;
}
