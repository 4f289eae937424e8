// SPDX-License-Identifier: Apache-2.0
/* Rows of `rezone list`, see conn_row.h. */
#include "out/conn_row.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/park.h"
#include "policy/tick.h"

/* Seconds, negative if `at_ns` is never. */
static double since(uint64_t at_ns, uint64_t now_ns)
{
	if (!at_ns)
		return -1;
	return now_ns > at_ns ? (double)(now_ns - at_ns) / 1e9 : 0;
}

static bool is_under_way(const struct rz_move *m)
{
	return m->phase >= RZ_PHASE_GAP && m->phase <= RZ_PHASE_CLOSE;
}

/* The latest tick only observed, and the next one will not. */
static bool is_of_other_mode(const struct rz_move *m, const struct rz_world *world)
{
	return m->reason == RZ_REASON_OBSERVING && world->settings->mode != RZ_MODE_OBSERVE;
}

/* In mode observe nobody is kept by a rate: what waits for one would only wait. */
static bool would_move(const struct rz_conn_row *r, const struct rz_world *world)
{
	if (world->settings->mode != RZ_MODE_OBSERVE || !r->verdict.move || r->move)
		return false;
	return r->reason == RZ_REASON_OBSERVING || r->reason == RZ_REASON_OVER_BUDGET ||
	       r->reason == RZ_REASON_TARGET_BUDGET || r->reason == RZ_REASON_CLUSTER_BUDGET;
}

/* Is this the name of an earlier one, in another version? */
static bool named_before(rz_print_names prints, unsigned i)
{
	unsigned k;

	for (k = 0; k < i; k++)
		if (prints >> k & 1 && !strcmp(rz_print_name(k)->name, rz_print_name(i)->name))
			return true;
	return false;
}

static void name_library(struct rz_conn_row *r, const struct rz_judged_conn *j)
{
	size_t n = 0;
	unsigned i;

	if (j->software) {
		rz_str_copy(r->library, sizeof(r->library), j->software->name);
		rz_str_copy(r->library_version, sizeof(r->library_version), j->software->version);
		return;
	}
	for (i = 0; i < RZ_PRINT_NAMES_MAX; i++) {
		if (!(j->prints >> i & 1) || named_before(j->prints, i) || n >= sizeof(r->library))
			continue;
		n += (size_t)snprintf(r->library + n, sizeof(r->library) - n, "%s%s",
				      n ? " or " : "", rz_print_name(i)->name);
	}
}

/* What its agent said of itself. */
static void fill_agent(struct rz_conn_row *r, const struct rz_print_row *p)
{
	__u8 has = p ? p->told.agent_has : 0;

	r->agent_silent = has == RZ_TOLD_NO_ANSWER;
	r->agent_produce = has && !r->agent_silent ? has - 1 : -1;
}

static struct rz_conn_row make_row(const struct rz_snapshot *snap, const struct rz_conn *c,
				   const struct rz_world *world)
{
	struct rz_conn_row r = {.conn = c,
				.client = rz_snapshot_client(snap, c->frame.client),
				.software = rz_snapshot_software(snap, c)};
	const struct rz_move *m = rz_snapshot_move(snap, c->cookie);
	struct rz_endpoint proxied;
	struct rz_judged_conn j = rz_judged(snap, c, &proxied);

	rz_endpoint_format(r.client_at, sizeof(r.client_at), c->tuple.client_addr,
			   c->tuple.client_port);
	if (j.client_addr) {
		rz_str_copy(r.proxy_at, sizeof(r.proxy_at), r.client_at);
		rz_endpoint_format(r.client_at, sizeof(r.client_at), proxied.addr, proxied.port);
	}
	name_library(&r, &j);
	fill_agent(&r, rz_snapshot_print(snap, c));
	r.verdict = rz_classify(&j, world);
	r.reason = r.verdict.reason;
	r.move = r.verdict.move;
	if (m && m->client == c->frame.client)
		r.phase = rz_phase_name(m->phase);
	/* what the daemon's history says of a candidate: it waits, or is being moved */
	if (r.move && m && m->client == c->frame.client && m->phase == RZ_PHASE_WAIT &&
	    !is_of_other_mode(m, world)) {
		r.reason = m->reason;
		r.move = false;
	}
	/* also one that an operator wants to go, and not the policy */
	if (m && m->client == c->frame.client && is_under_way(m)) {
		r.reason = RZ_REASON_NONE;
		r.move = r.under_way = true;
	}
	r.would_move = would_move(&r, world);
	/* who is at home is so, whatever it has asked for */
	if (r.verdict.locality == RZ_LOCALITY_SAME && r.reason == RZ_REASON_NOT_OPTED_IN)
		r.reason = RZ_REASON_SAME_ZONE;
	rz_endpoint_format(r.agent_at, sizeof(r.agent_at), c->tuple.agent_addr,
			   c->tuple.agent_port);
	if (snap->now_ns > c->opened_ns)
		r.age_s = (double)(snap->now_ns - c->opened_ns) / 1e9;
	r.metadata_age_s = since(rz_conn_time_ns(c, c->metadata_cs), snap->now_ns);
	r.data_age_s = since(rz_conn_time_ns(c, c->data_cs), snap->now_ns);
	r.idle_s = since(c->last_request_ns, snap->now_ns);
	r.parked_s =
		rz_park_is_parked(c) ? since(rz_conn_time_ns(c, c->park_cs), snap->now_ns) : -1;
	if (r.verdict.expected_ns)
		r.expected_s = (double)(int64_t)(r.verdict.expected_ns - snap->now_ns) / 1e9;
	return r;
}

bool rz_conn_filter_is_all(const struct rz_conn_filter *f)
{
	return !f->client_id_glob && !f->client && !f->agent && !f->client_zone && !f->agent_zone &&
	       !f->cookie && f->locality < 0;
}

/* "10.0.2.7" or "10.0.2.7:51544" of "10.0.2.7:51544"; "[::1]" of "[::1]:9092". */
static bool is_at(const char *wanted, const char *shown)
{
	size_t len = strlen(wanted);

	return !strncmp(wanted, shown, len) && (!shown[len] || shown + len == strrchr(shown, ':'));
}

static bool differs(const char *wanted, const char *known)
{
	return wanted && (!known || strcmp(wanted, known));
}

static bool passes(const struct rz_conn_row *r, const struct rz_conn_filter *f)
{
	if (f->locality >= 0 && (int)r->verdict.locality != f->locality)
		return false;
	if (f->client_id_glob && (!r->client || fnmatch(f->client_id_glob, r->client->id, 0)))
		return false;
	if (differs(f->client_zone, r->verdict.client_zone) ||
	    differs(f->agent_zone, r->verdict.agent_zone))
		return false;
	if ((f->client && !is_at(f->client, r->client_at)) ||
	    (f->agent && !is_at(f->agent, r->agent_at)))
		return false;
	return !f->cookie || f->cookie == r->conn->cookie;
}

static void count_bytes(struct rz_conn_totals *t, const struct rz_conn_row *r)
{
	bool tls = r->conn->frame.state == RZ_STATE_TLS;
	uint64_t bytes = r->conn->rx_bytes + r->conn->tx_bytes;

	t->tls += tls;
	if (r->verdict.locality != RZ_LOCALITY_CROSS)
		return;
	t->cross_bytes += bytes;
	t->tls_cross += tls;
	t->tls_cross_bytes += tls ? bytes : 0;
}

static void count(struct rz_conn_totals *t, const struct rz_conn_row *r)
{
	t->all++;
	t->localities[r->verdict.locality]++;
	t->would_move += r->verdict.move;
	t->parked += r->parked_s >= 0;
	count_bytes(t, r);
	if (rz_frame_identified(&r->conn->frame, r->client))
		return;
	t->unidentified++;
	if (r->age_s > t->unidentified_s)
		t->unidentified_s = r->age_s;
}

int rz_conn_rows_make(const struct rz_snapshot *snap, const struct rz_world *world,
		      const struct rz_conn_filter *filter, struct rz_conn_row **ret,
		      struct rz_conn_totals *totals)
{
	struct rz_conn_row *rows = calloc(snap->n_conns + 1, sizeof(*rows));
	size_t i;

	if (!rows)
		return -ENOMEM;
	*totals = (struct rz_conn_totals){};
	for (i = 0; i < snap->n_conns; i++) {
		struct rz_conn_row r = make_row(snap, &snap->conns[i], world);

		count(totals, &r);
		if (passes(&r, filter))
			rows[totals->shown++] = r;
	}
	for (i = 0; i < snap->n_moves; i++) {
		totals->moved += snap->moves[i].move.phase == RZ_PHASE_DONE;
		totals->moving += is_under_way(&snap->moves[i].move);
	}
	*ret = rows;
	return 0;
}
