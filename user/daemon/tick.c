// SPDX-License-Identifier: Apache-2.0
/*
 * The tick: from the maps through the policy to the resets.
 *
 * Comes in: a snapshot of the maps, the topology. Goes out: resets, map moves, log lines. Called by
 * cmd/run.c at every interval.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "move/reset.h"
#include "policy/tick.h"

#define CLIENT_KEEP_NS	  (600 * RZ_SECOND_NS) /* ids without a connection are kept this long */
#define MOVE_SHOWN_NS	  (60 * RZ_SECOND_NS)  /* finished moves stay visible in map moves */
#define FULL_LOG_EVERY_NS (60 * RZ_SECOND_NS)

static void log_move(const struct rz_snapshot *snap, const struct rz_tick_move *m, const char *what)
{
	char client[RZ_ENDPOINT_TEXT], agent[RZ_ENDPOINT_TEXT];
	const struct rz_client *c = rz_snapshot_client(snap, m->client);

	rz_endpoint_format(client, sizeof(client), m->tuple.client_addr, m->tuple.client_port);
	rz_endpoint_format(agent, sizeof(agent), m->tuple.agent_addr, m->tuple.agent_port);
	rz_info("move: %s at %s, zone %s -> %s, client.id \"%s\": %s", client, agent, m->from_zone,
		m->to_zone, c ? c->id : "", what);
}

static const char *result_word(int error)
{
	switch (error) {
	case 0:
		return "reset";
	case -ENOENT:
		return "not reset: it was already gone";
	case -ESTALE:
		return "not reset: it had changed its client or state";
	case -EPROTO:
		return "not reset: Multipath TCP";
	case -ENOTCONN:
		return "not reset: no agent holds it (closed, or not accepted yet)";
	default:
		return strerror(-error);
	}
}

/* Candidates that must wait are shown in map moves with their reason; the log has once what mode
 * observe would have moved. */
static void show_waiting(struct rz_daemon *d, const struct rz_snapshot *snap,
			 const struct rz_tick_move *m)
{
	struct rz_move v = {
		.client = m->client, .decided_ns = snap->now_ns, .phase = RZ_PHASE_WAIT};
	const struct rz_move *was = rz_snapshot_move(snap, m->cookie);

	if (m->reason == RZ_REASON_OBSERVING &&
	    !(was && was->client == m->client && was->reason == RZ_REASON_OBSERVING))
		log_move(snap, m, "observed; enforcing would reset it");
	v.reason = m->reason;
	rz_str_copy(v.to_zone, sizeof(v.to_zone), m->to_zone);
	bpf_map_update_elem(d->maps->moves, &m->cookie, &v, BPF_ANY);
}

/* Removes what is no longer a candidate, and finished moves that were shown for long enough. */
static void forget_moves(struct rz_daemon *d, const struct rz_snapshot *snap,
			 const struct rz_tick *t)
{
	size_t i;

	for (i = 0; i < snap->n_moves; i++) {
		const struct rz_move_row *r = &snap->moves[i];
		bool done = r->move.phase == RZ_PHASE_DONE || r->move.phase == RZ_PHASE_REFUSED;

		if (rz_tick_find(t, r->cookie))
			continue;
		if (!done || snap->now_ns > r->move.decided_ns + MOVE_SHOWN_NS)
			bpf_map_delete_elem(d->maps->moves, &r->cookie);
	}
}

/* Resets all that may go. Returns how many were. */
static size_t reset_moves(struct rz_daemon *d, const struct rz_snapshot *snap, struct rz_tick *t)
{
	_cleanup_free_ struct rz_reset *rows = calloc(t->n_moves + 1, sizeof(*rows));
	size_t i, n = 0, done = 0;

	for (i = 0; rows && i < t->n_moves; i++) {
		const struct rz_tick_move *m = &t->moves[i];

		if (m->reason != RZ_REASON_NONE) {
			show_waiting(d, snap, m);
			continue;
		}
		rows[n] = (struct rz_reset){.cookie = m->cookie,
					    .client = m->client,
					    .netns = m->netns,
					    .tuple = m->tuple};
		rz_str_copy(rows[n].to_zone, sizeof(rows[n].to_zone), m->to_zone);
		n++;
	}
	if (!n)
		return 0;
	rz_reset_run(d->kern, rows, n, snap->now_ns);
	for (i = 0; i < n; i++) {
		const struct rz_tick_move *m = rz_tick_find(t, rows[i].cookie);

		log_move(snap, m, result_word(rows[i].error));
		if (rows[i].error)
			rz_tick_undo(d->select, m);
		else
			done++;
	}
	return done;
}

/* A full map means connections that are not tracked: said once a minute, for as long as it grows.
 */
static void log_full(struct rz_daemon *d, const struct rz_snapshot *snap)
{
	const struct rz_stats *s = &snap->stats;
	uint64_t full = s->conns_full + s->clients_full + s->partial_full + s->proxied_full +
			s->softwares_full + s->traffic_full;

	if (full == d->full_logged_count ||
	    (d->full_logged_ns && snap->now_ns < d->full_logged_ns + FULL_LOG_EVERY_NS))
		return;
	rz_warn("maps: no room: %llu segments of untracked connections (--max-connections), %llu "
		"requests of unread client ids (--max-clients), %llu others, so far; `rezone "
		"stats` has more",
		(unsigned long long)s->conns_full, (unsigned long long)s->clients_full,
		(unsigned long long)(full - s->conns_full - s->clients_full));
	d->full_logged_ns = snap->now_ns;
	d->full_logged_count = full;
}

void rz_daemon_tick(struct rz_daemon *d)
{
	struct rz_snapshot *snap = NULL;
	struct rz_tick *t = NULL;
	struct rz_world world;
	size_t moved;

	if (rz_snapshot_read(d->maps, &snap))
		return;
	rz_clients_sweep_run(d->sweep, d->maps, snap, CLIENT_KEEP_NS, d->conf.max_clients);
	log_full(d, snap);
	if (d->topo) {
		world = (struct rz_world){d->topo, d->zones, &d->settings, snap->now_ns, d->blocks};
		if (!rz_tick_run(snap, &world, d->select, &t)) {
			forget_moves(d, snap, t);
			moved = reset_moves(d, snap, t);
			rz_debug("tick: %zu connections, %zu candidates, %zu reset", snap->n_conns,
				 t->n_moves, moved);
		}
		rz_tick_free(t);
	}
	d->settings.tick_ns = snap->now_ns;
	d->settings.ticks++;
	rz_daemon_write_settings(d);
	rz_snapshot_free(snap);
}
