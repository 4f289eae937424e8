// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone reset`: moves connections by hand, the way the daemon does it: at a moment in which it
 * harms nobody, judged once more under the socket lock.
 *
 * Comes in: the command line, the maps. Goes out: orders for the daemon (map orders), and what
 * became of each (map moves), as a table or JSON.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/conns.h"
#include "cmd/opts.h"
#include "cmd/who.h"
#include "out/orders.h"
#include "policy/tick.h"

#define LOOK_NS 100000000L

struct ask {
	struct rz_ask common; /* first */
	struct rz_conn_filter filter;
	bool dry_run, now, all;
};

static void check(struct argp_state *state, const void *input)
{
	const struct ask *a = input;

	if (!a->all && rz_conn_filter_is_all(&a->filter))
		argp_error(state, "say which connections, as --client-id 'app-*', or --all");
}

static const struct rz_opt options[] = {
	{"all", 'A', NULL, RZ_OPT_FLAG(struct ask, all),
	 "all connections that can be moved; without it at least one option must say which "
	 "connections"},
	{"dry-run", 0, NULL, RZ_OPT_FLAG(struct ask, dry_run),
	 "move nothing; show which connections would be moved, and why others would not"},
	{"now", 'N', NULL, RZ_OPT_FLAG(struct ask, now),
	 "close at once, also with requests in flight, which may then be executed twice"},
	{"dry-run", 'n', NULL, RZ_OPT_MOVED},
	{},
};

/* Why it cannot be ordered. One that is parked is read again for the order's sake, which waits. */
static enum rz_reason refuses(const struct rz_conns *conns, const struct rz_conn *c)
{
	struct rz_endpoint proxied;
	struct rz_judged_conn j = rz_judged(conns->snap, c, &proxied);
	enum rz_reason reason = rz_classify_by_hand(&j, &conns->world);

	return reason == RZ_REASON_PARKED ? RZ_REASON_NONE : reason;
}

static int order(const struct rz_maps *maps, struct rz_order_shown *r, const struct ask *a)
{
	struct rz_order o = {
		.client = r->conn->conn->frame.client, .asked_ns = rz_now_ns(), .now = a->now};
	uint64_t cookie = r->conn->conn->cookie;

	rz_who(o.by, sizeof(o.by), NULL);
	r->asked_ns = o.asked_ns;
	return bpf_map_update_elem(maps->orders, &cookie, &o, BPF_ANY) ? -errno : 0;
}

/* Takes note of answers. Returns how many are still owed. */
static size_t look(const struct rz_maps *maps, struct rz_order_shown *rows, size_t n)
{
	struct rz_move m;
	size_t i, owed = 0;

	for (i = 0; i < n; i++) {
		uint64_t cookie = rows[i].conn->conn->cookie;

		if (rows[i].reason != RZ_REASON_NONE || rows[i].answered)
			continue;
		if (!bpf_map_lookup_elem(maps->moves, &cookie, &m) &&
		    m.decided_ns >= rows[i].asked_ns &&
		    (m.phase == RZ_PHASE_DONE || m.phase == RZ_PHASE_REFUSED)) {
			rows[i].answered = true;
			rows[i].error = m.error;
		} else {
			owed++;
		}
	}
	return owed;
}

/* For as long as the daemon may take to begin, and one hold more after each answer. */
static void wait_for_all(const struct rz_maps *maps, struct rz_order_shown *rows, size_t n)
{
	struct timespec every = {0, LOOK_NS};
	uint64_t deadline = rz_now_ns() + RZ_ORDER_NS;
	size_t owed = n + 1, before;

	while (owed && rz_now_ns() < deadline) {
		before = owed;
		owed = look(maps, rows, n);
		if (owed < before)
			deadline = rz_now_ns() + RZ_ORDER_NS;
		if (owed)
			ppoll(NULL, 0, &every, NULL);
	}
}

/* Orders, waits, prints. Returns the exit status. */
static int do_rows(const struct ask *a, const struct rz_maps *maps, struct rz_order_shown *rows,
		   size_t n)
{
	size_t i, good = 0;
	int err = 0;

	for (i = 0; !a->dry_run && !err && i < n; i++)
		if (rows[i].reason == RZ_REASON_NONE)
			err = order(maps, &rows[i], a);
	if (err)
		rz_err(err, "reset: cannot write map orders: %s; ask for fewer at once (%d)",
		       strerror(-err), RZ_ORDERS_MAX);
	if (!a->dry_run)
		wait_for_all(maps, rows, n);
	for (i = 0; i < n; i++)
		good += rz_order_went_well(&rows[i]);
	if (a->common.json)
		err = rz_orders_print_json(stdout, rows, n) ? -ENOMEM : err;
	else if (n)
		err = rz_orders_print_text(stdout, rows, n) ? -ENOMEM : err;
	if (!a->common.json)
		printf("%zu of %zu connections %s\n", good, n,
		       a->dry_run ? "would be moved" : "moved");
	return err || good < n ? 1 : 0;
}

static int run(const struct ask *a, const struct rz_maps *maps)
{
	_cleanup_free_ struct rz_conn_row *conns_rows = NULL;
	_cleanup_free_ struct rz_order_shown *rows = NULL;
	struct rz_conn_totals totals;
	struct rz_conns conns;
	size_t i;
	int ret = rz_conns_read(maps, &conns);

	if (!ret)
		ret = rz_conn_rows_make(conns.snap, &conns.world, &a->filter, &conns_rows, &totals);
	rows = ret ? NULL : calloc(totals.shown + 1, sizeof(*rows));
	if (rows && !totals.shown && !a->common.json)
		rz_warn("reset: no connection is like that; `rezone list` with the same options "
			"shows which are");
	for (i = 0; rows && i < totals.shown; i++) {
		const struct rz_conn_row *c = &conns_rows[i];

		rows[i] = (struct rz_order_shown){
			.conn = c, .reason = refuses(&conns, c->conn), .dry_run = a->dry_run};
	}
	ret = rows ? do_rows(a, maps, rows, totals.shown) : 1;
	rz_conns_free(&conns);
	return ret;
}

static const struct rz_command command = {
	.options = options,
	.which = &rz_conns_options,
	.which_at = offsetof(struct ask, filter),
	.check = check,
	.doc = "Moves connections by hand. The daemon closes them within a second or two, "
	       "each at a moment in which no request is unanswered, except requests that a "
	       "client can send again without harm. Opt-in, exclusions, zones, rates, "
	       "cool-down, pause and mode observe do not apply. What protects clients "
	       "does: connections that are not identified, transactional, or carry no data "
	       "are left alone; those with acks=0, group membership, or behind a local "
	       "proxy are moved only if --acks0, --shared, --local-proxy of the daemon say "
	       "so; producers whose library may write twice, or is not known, are always "
	       "left alone; producers that do not name their library are closed while they "
	       "pause, or not at all.\vExit status: 0 all were moved (or would be), 1 some "
	       "were not, 2 used wrongly.",
};

int rz_cmd_reset(int argc, char **argv)
{
	struct ask a = {.filter = RZ_CONN_FILTER_ALL};
	struct rz_maps maps;
	int ret = 1;

	rz_opts_read(argc, argv, &command, &a.common);
	if (rz_maps_open(a.common.pin_dir, &maps))
		return 1;
	rz_ask_name_node(&maps);
	if (!a.dry_run && !rz_maps_daemon_alive(a.common.pin_dir))
		rz_err(-ESRCH,
		       "reset: no daemon runs with --pin-dir %s, and only the daemon moves "
		       "connections: "
		       "start `rezone run`",
		       a.common.pin_dir);
	else
		ret = run(&a, &maps);
	rz_maps_close(&maps);
	return ret;
}
