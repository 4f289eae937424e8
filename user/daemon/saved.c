// SPDX-License-Identifier: Apache-2.0
/*
 * The savings of moves: the bytes that each moved connection had carried, and between which zones.
 *
 * Comes in: moves and their outcomes. Goes out: map saved (include/rezone/ledger.h). Called by
 * daemon/moves.c, catch.c and outcomes.c; ledger.c removes entries by the hour.
 */
#include "daemon/ledger_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <bpf/bpf.h>

#include "base/str.h"
#include "kern/batch.h"
#include "kern/ledger.h"

#define WAIT_MAX 128

/* Moves in a row, that wait to be written by one call. */
struct rz_daemon_moved {
	uint64_t cookies[WAIT_MAX];
	struct rz_saved rows[WAIT_MAX];
	size_t n;
};

void rz_daemon_saved_forget(struct rz_daemon *d, uint64_t unix_ns)
{
	const uint64_t keep_ns = RZ_LEDGER_HOURS * 3600 * RZ_SECOND_NS;
	struct rz_ledger_rows rows;
	size_t i;

	if (!rz_ledger_rows_read(d->maps, &rows))
		for (i = 0; i < rows.n_saved; i++)
			if (rows.saved[i].moved_unix_ns + keep_ns < unix_ns)
				bpf_map_delete_elem(d->maps->saved, &rows.saved_cookies[i]);
	rz_ledger_rows_free(&rows);
}

bool rz_daemon_ledger_carried(struct rz_daemon *d, const struct rz_snapshot *snap, uint64_t cookie,
			      struct rz_saved *ret)
{
	const struct rz_conn *c = rz_snapshot_conn(snap, cookie);
	struct rz_world world = rz_daemon_world(d, snap->now_ns);
	struct rz_ledger_more base = rz_ledger_base(d->ledger->l, cookie);
	struct rz_judged_conn j = {.conn = c};
	struct rz_endpoint proxied;
	struct rz_saved s = {};
	struct rz_where at;

	if (!c || snap->now_ns <= c->opened_ns)
		return false;
	j.client = rz_snapshot_client(snap, c->frame.client);
	if (!rz_snapshot_proxied(snap, c, &proxied))
		j.client_addr = proxied.addr;
	at = rz_where_of(&j, &world);
	s.client = c->frame.client;
	s.seen_ns = snap->now_ns - c->opened_ns;
	if (c->rx_bytes > base.rx_bytes)
		s.rx_bytes = c->rx_bytes - base.rx_bytes;
	if (c->tx_bytes > base.tx_bytes)
		s.tx_bytes = c->tx_bytes - base.tx_bytes;
	rz_str_copy(s.zones.group, sizeof(s.zones.group), at.group);
	rz_str_copy(s.zones.client_zone, sizeof(s.zones.client_zone), at.client_zone);
	rz_str_copy(s.zones.agent_zone, sizeof(s.zones.agent_zone), at.agent_zone);
	*ret = s;
	return true;
}

static void write_all(struct rz_daemon *d, const uint64_t *cookies, const struct rz_saved *rows,
		      size_t n)
{
	size_t from, failed;
	int err;

	for (from = 0; from < n; from += failed) {
		from += rz_batch_write(d->maps->saved, cookies + from, sizeof(*cookies),
				       rows + from, sizeof(*rows), n - from, &err);
		/* a full map has no room for the others either: each is of another move */
		failed = err == -E2BIG ? n - from : 1;
		if (err)
			rz_daemon_ledger_failed(d, "saved", err, failed);
	}
}

static void write_waiting(struct rz_daemon *d)
{
	struct rz_daemon_moved *m = d->ledger->moved;

	write_all(d, m->cookies, m->rows, m->n);
	m->n = 0;
}

void rz_daemon_saved_gather(struct rz_daemon *d)
{
	d->ledger->moved = calloc(1, sizeof(*d->ledger->moved)); /* NULL will do */
}

void rz_daemon_saved_gathered(struct rz_daemon *d)
{
	if (d->ledger->moved)
		write_waiting(d);
	free(d->ledger->moved);
	d->ledger->moved = NULL;
}

void rz_daemon_ledger_save(struct rz_daemon *d, uint64_t cookie, struct rz_saved *carried)
{
	struct rz_daemon_moved *m = d->ledger->moved;

	carried->moved_unix_ns = rz_wall_ns();
	if (!m) {
		write_all(d, &cookie, carried, 1);
		return;
	}
	m->cookies[m->n] = cookie;
	m->rows[m->n++] = *carried;
	if (m->n == WAIT_MAX)
		write_waiting(d);
}

void rz_daemon_ledger_moved(struct rz_daemon *d, const struct rz_snapshot *snap, uint64_t cookie,
			    bool by_hand)
{
	struct rz_saved s;

	if (!rz_daemon_ledger_carried(d, snap, cookie, &s))
		return;
	s.by_hand = by_hand;
	rz_daemon_ledger_save(d, cookie, &s);
}

void rz_daemon_ledger_outcome(struct rz_daemon *d, uint64_t cookie, enum rz_outcome outcome)
{
	struct rz_saved s;

	if (bpf_map_lookup_elem(d->maps->saved, &cookie, &s))
		return;
	s.outcome = outcome;
	write_all(d, &cookie, &s, 1);
}
