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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/conns.h"
#include "cmd/opts.h"
#include "cmd/who.h"
#include "kern/batch.h"
#include "kern/bell.h"
#include "kern/orders.h"
#include "out/orders.h"
#include "policy/tick.h"

/* How often answers are looked for, though no bell was heard; and where there is none. */
#define LOOK_MS		1000
#define LOOK_NO_BELL_MS 100
/* A look reads all of map moves, and the bell may ring at each step of the daemon: after a look
 * comes a pause this many times as long, so that the cost does not grow with both. */
#define LOOK_PAUSES	9

struct ask {
	struct rz_ask common; /* first */
	struct rz_conn_filter filter;
	bool dry_run, now, all;
};

static volatile sig_atomic_t stopped;

static void on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

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
	int bell;			       /* the daemon has answered; -errno: none */
	struct rz_order order;		       /* of all, but for the client */
	struct rz_order_shown *rows, **sorted; /* the same by cookie */
	size_t n;
	size_t next;		/* the first that was not ordered yet */
	size_t asked, answered; /* how many */
};

/* Orders as many as map orders has room for now: the daemon takes all out at once. 0 or -errno. */
static int order_some(struct round *r)
{
	size_t room = r->n - r->next < RZ_ORDERS_MAX ? r->n - r->next : RZ_ORDERS_MAX;
	_cleanup_free_ uint64_t *cookies = calloc(room + 1, sizeof(*cookies));
	_cleanup_free_ struct rz_order *orders = calloc(room + 1, sizeof(*orders));
	uint32_t n = 0, done;
	size_t i;
	int err;

	if (!cookies || !orders)
		return -ENOMEM;
	r->order.asked_ns = rz_now_ns();
	for (i = r->next; i < r->n && n < room; i++) {
		if (r->rows[i].reason != RZ_REASON_NONE)
			continue;
		cookies[n] = r->rows[i].conn->conn->cookie;
		orders[n] = r->order;
		orders[n++].client = r->rows[i].conn->conn->frame.client;
	}
	err = rz_orders_put(r->maps, cookies, orders, n, &done);
	if (err)
		return err;
	r->asked += done;
	if (done)
		rz_bell_ring(r->pin_dir, RZ_BELL_ORDERS);
	for (; r->next < r->n; r->next++) {
		if (r->rows[r->next].reason != RZ_REASON_NONE)
			continue;
		if (!done--)
			break;
		r->rows[r->next].asked_ns = r->order.asked_ns;
	}
	return 0;
}

static int by_cookie(const void *x, const void *y)
{
	uint64_t a = (*(struct rz_order_shown *const *)x)->conn->conn->cookie;
	uint64_t b = (*(struct rz_order_shown *const *)y)->conn->conn->cookie;

	return a < b ? -1 : a > b;
}

/* A row that waits for an answer; NULL: none does of this cookie. */
static struct rz_order_shown *find(const struct round *r, uint64_t cookie)
{
	struct rz_conn conn = {.cookie = cookie};
	struct rz_conn_row row = {.conn = &conn};
	struct rz_order_shown key = {.conn = &row}, *at = &key, **found;

	found = bsearch(&at, r->sorted, r->n, sizeof(*r->sorted), by_cookie);
	return found && (*found)->asked_ns && !(*found)->answered ? *found : NULL;
}

static void note_answer(struct round *r, struct rz_order_shown *row, int error)
{
	row->answered = true;
	row->error = error;
	r->answered++;
}

/* Takes note of answers. They stand in map moves; or in map orders, where that has no room. */
static void look(struct round *r)
{
	_cleanup_free_ struct rz_order *orders = NULL;
	_cleanup_free_ struct rz_move *moves = NULL;
	_cleanup_free_ uint64_t *keys = NULL, *ordered = NULL;
	struct rz_order_shown *row;
	size_t i, n = 0, n_orders = 0;

	rz_batch_read(r->maps->moves, sizeof(*keys), sizeof(*moves), 0, (void **)&keys,
		      (void **)&moves, &n);
	for (i = 0; keys && i < n; i++) {
		row = find(r, keys[i]);
		if (!row || moves[i].decided_ns < row->asked_ns)
			continue;
		if (moves[i].phase == RZ_PHASE_DONE) /* `error` may have been read before it */
			note_answer(r, row, 0);
		else if (moves[i].phase == RZ_PHASE_REFUSED)
			note_answer(r, row, moves[i].error);
	}
	rz_batch_read(r->maps->orders, sizeof(*ordered), sizeof(*orders), 0, (void **)&ordered,
		      (void **)&orders, &n_orders);
	for (i = 0; ordered && i < n_orders; i++) {
		row = orders[i].error ? find(r, ordered[i]) : NULL;
		if (!row)
			continue;
		note_answer(r, row, orders[i].error);
		rz_orders_take(r->maps, &ordered[i], 1);
	}
}

/* Pause after the last look, then wait for the bell, each for a second at most. A bell that is rung
 * during the pause is heard after it. */
static void wait_for_bell(const struct round *r, uint64_t look_took_ns)
{
	struct pollfd bell = {.fd = r->bell, .events = POLLIN};
	int every_ms = r->bell < 0 ? LOOK_NO_BELL_MS : LOOK_MS;
	uint64_t pause_ms = LOOK_PAUSES * look_took_ns / 1000000;

	if (pause_ms)
		poll(NULL, 0, pause_ms < LOOK_MS ? (int)pause_ms : LOOK_MS);
	if (poll(&bell, 1, every_ms) > 0)
		rz_bell_read(bell.fd);
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
	if (!rz_maps_daemon_alive(r->pin_dir))
		snprintf(parked, sizeof(parked),
			 "; no daemon runs any more, its next start is "
			 "waited for, up to 30 s");
	else if (n)
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
	uint64_t deadline = told.at_ns + RZ_ORDER_NS, took_ns = 0;
	size_t before;
	int err = order_some(r);

	while (!err && !stopped && (r->next < r->n || r->answered < r->asked) &&
	       rz_now_ns() < deadline) {
		wait_for_bell(r, took_ns);
		before = r->answered + r->asked;
		took_ns = rz_now_ns();
		look(r);
		took_ns = rz_now_ns() - took_ns;
		err = order_some(r);
		if (r->answered + r->asked > before)
			deadline = rz_now_ns() + RZ_ORDER_NS;
		show_progress(r, &told);
	}
	return err;
}

/* Takes back what the daemon has not taken yet: whoever stops this command wants no more moves. */
static void withdraw(const struct round *r)
{
	_cleanup_free_ uint64_t *cookies = calloc(r->n + 1, sizeof(*cookies));
	uint32_t n = 0;
	size_t i;

	for (i = 0; cookies && i < r->next; i++)
		if (r->rows[i].reason == RZ_REASON_NONE && !r->rows[i].answered)
			cookies[n++] = r->rows[i].conn->conn->cookie;
	rz_orders_take(r->maps, cookies, n);
	rz_warn("reset: stopped: %u connections have no answer yet; the daemon goes on with those "
		"that it has taken (`rezone events`), and begins no other",
		n);
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
	_cleanup_free_ struct rz_order_shown **sorted =
		calloc(n + 1, sizeof(struct rz_order_shown *));
	struct round r = {.maps = maps,
			  .pin_dir = a->common.pin_dir,
			  .order.now = a->now,
			  .rows = rows,
			  .sorted = sorted,
			  .n = n};
	struct sigaction stop = {.sa_handler = on_stop};
	size_t i, good = 0;
	int err = 0;

	if (!sorted)
		return rz_err(1, "reset: out of memory");
	for (i = 0; i < n; i++)
		sorted[i] = &rows[i];
	qsort(sorted, n, sizeof(struct rz_order_shown *), by_cookie);
	rz_who(r.order.by, sizeof(r.order.by), NULL);
	r.bell = a->dry_run ? -EAGAIN : rz_bell_new(r.pin_dir, RZ_BELL_ANSWERS);
	if (!a->dry_run) {
		sigaction(SIGINT, &stop, NULL);
		sigaction(SIGTERM, &stop, NULL);
		err = order_all(&r);
	}
	if (stopped)
		withdraw(&r);
	if (r.bell >= 0)
		close(r.bell);
	explain_silence(&r);
	if (r.answered < r.asked && !rz_maps_daemon_alive(r.pin_dir))
		rz_warn("reset: the daemon ended before it answered; what it had not begun is not "
			"done any more; see `rezone status`");
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
