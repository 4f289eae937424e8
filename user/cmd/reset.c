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
#include <stdio.h>
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
#include "kern/bell.h"
#include "kern/orders.h"
#include "out/orders.h"
#include "policy/tick.h"

/* How often answers are looked for: at first soon, for most come at once. */
#define LOOK_FIRST_NS 10000000L
#define LOOK_NS	      100000000L

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

/* An operator's orders, as they go to the daemon. */
struct round {
	const struct rz_maps *maps;
	const char *pin_dir;
	struct rz_order order; /* of all, but for the client */
	struct rz_order_shown *rows;
	size_t n;
	size_t next;		/* the first that was not ordered yet */
	size_t asked, answered; /* how many */
};

/* Orders as many as map orders has room for now: the daemon takes all out at once. 0 or -errno. */
static int order_some(struct round *r)
{
	size_t was = r->asked;

	for (; r->next < r->n; r->next++) {
		struct rz_order_shown *row = &r->rows[r->next];
		uint64_t cookie = row->conn->conn->cookie;

		if (row->reason != RZ_REASON_NONE)
			continue;
		r->order.client = row->conn->conn->frame.client;
		r->order.asked_ns = row->asked_ns = rz_now_ns();
		if (bpf_map_update_elem(r->maps->orders, &cookie, &r->order, BPF_ANY)) {
			if (errno != E2BIG)
				return -errno;
			break;
		}
		r->asked++;
	}
	if (r->asked > was)
		rz_bell_ring(r->pin_dir);
	return 0;
}

/* In map moves; or in map orders, where that has no room. */
static bool is_answered(const struct round *r, const struct rz_order_shown *row, int *error)
{
	uint64_t cookie = row->conn->conn->cookie;
	struct rz_move m;

	if (bpf_map_lookup_elem(r->maps->moves, &cookie, &m) || m.decided_ns < row->asked_ns)
		return rz_orders_take_answer(r->maps, cookie, error);
	*error = m.error;
	return m.phase == RZ_PHASE_DONE || m.phase == RZ_PHASE_REFUSED;
}

/* Takes note of answers. */
static void look(struct round *r)
{
	size_t i;

	for (i = 0; i < r->next; i++) {
		struct rz_order_shown *row = &r->rows[i];
		int error;

		if (row->reason != RZ_REASON_NONE || row->answered || !is_answered(r, row, &error))
			continue;
		row->answered = true;
		row->error = error;
		r->answered++;
	}
}

/* What whoever waits was told last. */
struct progress {
	uint64_t at_ns;
	size_t answered;
	bool said;
};

/* How many wait because the daemon reads their requests again first. */
static size_t count_parked(const struct round *r)
{
	size_t i, n = 0;

	for (i = 0; i < r->next; i++)
		n += r->rows[i].reason == RZ_REASON_NONE && !r->rows[i].answered &&
		     r->rows[i].conn->parked_s >= 0;
	return n;
}

/* A line after a second, then one a second while connections are done, else every ten. */
static void show_progress(const struct round *r, struct progress *p)
{
	bool news = !p->said || r->answered > p->answered;
	uint64_t now_ns = rz_now_ns();
	char parked[96] = "";
	size_t n;

	if (now_ns < p->at_ns + (news ? 1 : 10) * RZ_SECOND_NS)
		return;
	n = count_parked(r);
	if (n)
		snprintf(parked, sizeof(parked),
			 "; %zu were parked: their requests are read first, for up to 28 s", n);
	rz_info("reset: %zu of %zu connections are done%s", r->answered, r->asked, parked);
	*p = (struct progress){now_ns, r->answered, true};
}

/* Orders all, and waits: for as long as the daemon may take to begin, and one hold more after each
 * answer. 0 or -errno. */
static int order_all(struct round *r)
{
	struct progress told = {.at_ns = rz_now_ns()};
	uint64_t deadline = told.at_ns + RZ_ORDER_NS;
	struct timespec every = {0, LOOK_FIRST_NS};
	size_t before;
	int err = order_some(r);

	while (!err && (r->next < r->n || r->answered < r->asked) && rz_now_ns() < deadline) {
		ppoll(NULL, 0, &every, NULL);
		before = r->answered + r->asked;
		look(r);
		err = order_some(r);
		if (r->answered + r->asked > before)
			deadline = rz_now_ns() + RZ_ORDER_NS;
		if (every.tv_nsec < LOOK_NS)
			every.tv_nsec += LOOK_FIRST_NS;
		show_progress(r, &told);
	}
	return err;
}

/* An answer stands in map moves. Where that is full the daemon can begin no move, and cannot say
 * so. */
static void explain_silence(struct round *r)
{
	uint32_t entries = 0, room = 0;
	size_t i;

	if (r->answered >= r->asked || !rz_maps_fill(r->maps->moves, &entries, &room) ||
	    entries < room)
		return;
	for (i = 0; i < r->next; i++) {
		struct rz_order_shown *row = &r->rows[i];

		if (row->reason != RZ_REASON_NONE || row->answered)
			continue;
		row->answered = true;
		row->error = -E2BIG;
	}
}

/* Orders, waits, prints. Returns the exit status. */
static int do_rows(const struct ask *a, const struct rz_maps *maps, struct rz_order_shown *rows,
		   size_t n)
{
	struct round r = {.maps = maps,
			  .pin_dir = a->common.pin_dir,
			  .order.now = a->now,
			  .rows = rows,
			  .n = n};
	size_t i, good = 0;
	int err = 0;

	rz_who(r.order.by, sizeof(r.order.by), NULL);
	if (!a->dry_run)
		err = order_all(&r);
	explain_silence(&r);
	if (err)
		rz_err(err, "reset: cannot write map orders: %s; %zu connections were asked for",
		       strerror(-err), r.asked);
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
