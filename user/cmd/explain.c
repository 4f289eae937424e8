// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone explain CONNECTION|CLIENT`: why it is moved or kept, by every rule.
 *
 * Comes in: the maps; a socket cookie, a client's address or a client.id. Goes out: text or JSON on
 * stdout (docs/json.md). Nothing is changed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "client/misread.h"
#include "cmd/cmd.h"
#include "cmd/conns.h"
#include "cmd/opts.h"
#include "kern/events.h"
#include "out/conn_order.h"
#include "out/explain.h"
#include "policy/tick.h"

#define SHOWN	  10   /* kinds of connections, and events of each, without --limit */
#define TEXT_MOST 1000 /* connections that a text compares */

struct ask {
	struct rz_ask common; /* first */
	const char *what;
	int sort;	     /* enum rz_conn_sort */
	unsigned long limit; /* 0: not given */
};

static const struct rz_opt options[] = {
	{"sort", 's', "WORD", RZ_OPT_WORD(struct ask, sort),
	 "the order of connections: the words of `rezone list --sort`, such as bytes (default "
	 "cookie)",
	 .words = rz_conn_sort_words},
	{"limit", 'n', "N", RZ_OPT_COUNT(struct ask, limit),
	 "only N kinds of connections (JSON: N connections), and the last N events of each "
	 "(default 10; JSON all)"},
	{},
};

static void check(struct argp_state *state, const void *input)
{
	const struct ask *a = input;

	if (!a->what)
		argp_error(state, "say which connection or client: a cookie, an address as "
				  "10.0.2.7 or 10.0.2.7:51544, or a client.id as 'app-*'");
}

static const struct rz_command command = {
	.options = options,
	.word = "CONNECTION|CLIENT",
	.word_at = offsetof(struct ask, what),
	.check = check,
	.doc = "Explains why a connection, or those of a client, are moved or kept: every rule in "
	       "its order, passed or failed; the tag as it was read, and where an agent may read "
	       "it otherwise (docs/dialects.md); the library; how it would be closed; what "
	       "happened to it; when it may be moved next. A connection is named by its cookie "
	       "(rezone list -o wide) or ADDRESS:PORT, a client by its address or its client.id, "
	       "which may be a pattern.\vExit status: 0 done, 1 could not, or no connection is "
	       "like that, 2 used wrongly.",
};

static struct rz_conn_filter filter_of(const char *what)
{
	static char at[RZ_ENDPOINT_TEXT];
	struct rz_conn_filter f = RZ_CONN_FILTER_ALL;
	char *end;

	f.cookie = strtoull(what, &end, 10);
	if (*what >= '0' && *what <= '9' && !*end && f.cookie)
		return f;
	f.cookie = 0;
	if (rz_endpoint_normal(at, what))
		f.client = at;
	else
		f.client_id_glob = what;
	return f;
}

/* Everything that is printed, and what it points into. */
struct work {
	const struct ask *ask;
	const struct rz_maps *maps;
	struct rz_conns conns;
	struct rz_conf conf;
	struct rz_conn_row *rows;
	struct rz_explain *explains;
	struct rz_event *events;
	struct rz_explain_view view;
};

static unsigned misreads(const struct work *w, const struct rz_conn_row *r)
{
	const struct rz_conf *c = &w->conf;
	struct rz_tags_custom custom = {c->zone_keys, c->opt_in_keys, c->tag_separators,
					c->tag_url_decode};
	uint64_t hash = r->conn->frame.client;
	struct rz_client_id id;

	if (!r->client || bpf_map_lookup_elem(w->maps->client_ids, &hash, &id))
		return 0;
	return rz_misread_find(id.raw, id.len, &custom, w->conns.topo, r->verdict.client_zone ?: "",
			       r->verdict.zone_by_address);
}

/* Is it paused, and until when? The operator's pause is of CLOCK_REALTIME; that of the settings has
 * no end. */
static bool is_paused(const struct work *w, uint64_t *ret_until_ns)
{
	uint64_t now = w->conns.snap->now_ns, wall = w->view.wall_ns;
	bool by_settings = w->conns.snap->settings.paused;
	struct rz_pause p;

	*ret_until_ns = 0;
	if (!rz_pause_get(w->ask->common.pin_dir, &p))
		return by_settings;
	if (!by_settings && p.until_ns > wall)
		*ret_until_ns = now + (p.until_ns - wall);
	return true;
}

static void explain(const struct work *w, const struct rz_conn_row *r, struct rz_explain *ret)
{
	struct rz_endpoint proxied;
	uint64_t until_ns;
	bool paused = is_paused(w, &until_ns);
	/* the analyzer takes rows that were found (find()) for none */
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	struct rz_judged_conn j = rz_judged(w->conns.snap, r->conn, &proxied);
	const struct rz_move *m = rz_snapshot_move(w->conns.snap, r->conn->cookie);

	*ret = (struct rz_explain){.row = r, .misreads = misreads(w, r)};
	rz_explain_ask(ret, &j, &w->conns.world);
	if (m && m->client == r->conn->frame.client)
		ret->not_before_ns = m->not_before_ns;
	rz_explain_turn(ret, w->conns.snap, paused, until_ns);
	ret->next = rz_explain_next(ret, w->conns.snap, until_ns);
}

static bool is_wanted(const struct work *w, const struct rz_event *e)
{
	size_t i;

	for (i = 0; i < w->view.n; i++)
		if (rz_explain_is_of(e, w->rows[i].conn))
			return true;
	return false;
}

static int read_ring(struct work *w, int fd, size_t room)
{
	struct rz_event_ring ring;
	struct rz_event e;
	uint64_t missed = 0;
	int err = rz_event_ring_rewind(fd, &ring), got = 0;

	while (!err && w->view.n_events < room &&
	       (got = rz_event_ring_next(&ring, &e, &missed)) > 0)
		if (is_wanted(w, &e))
			w->events[w->view.n_events++] = e;
	return err ?: got < 0 ? got : 0;
}

static int read_events(struct work *w)
{
	int err;

	/* an event has one piece at least */
	w->events = malloc(2 * RZ_EVENT_PIECES * sizeof(*w->events));
	if (!w->events)
		return -ENOMEM;
	err = read_ring(w, w->maps->events, RZ_EVENT_PIECES);
	if (!err)
		err = read_ring(w, w->maps->verdicts, 2 * RZ_EVENT_PIECES);
	rz_events_sort(w->events, w->view.n_events);
	w->view.events = w->events;
	return err;
}

static int prepare(struct work *w, size_t n)
{
	const struct ask *a = w->ask;
	size_t i;
	int err;

	w->view.wall_ns = rz_wall_ns();
	w->view.snap = w->conns.snap;
	w->view.at_once = w->conf.in_flight != RZ_IN_FLIGHT_WAIT;
	w->view.limit = a->limit ?: a->common.json ? 0 : SHOWN;
	rz_conn_rows_sort(w->rows, n, a->sort);
	w->view.n = a->common.json || n < TEXT_MOST ? n : TEXT_MOST;
	w->explains = calloc(n + 1, sizeof(*w->explains));
	if (!w->explains)
		return -ENOMEM;
	for (i = 0; i < w->view.n; i++)
		explain(w, &w->rows[i], &w->explains[i]);
	w->view.rows = w->explains;
	err = read_events(w);
	if (err)
		return err;
	if (w->view.n < n)
		rz_warn("explain: %zu connections are like that, these are the first %zu", n,
			w->view.n);
	return 0;
}

/* A client.id may look like a cookie or an address. */
static int find(struct work *w, struct rz_conn_totals *totals)
{
	struct rz_conn_filter filter = filter_of(w->ask->what), id = RZ_CONN_FILTER_ALL;
	int err = rz_conn_rows_make(w->conns.snap, &w->conns.world, &filter, &w->rows, totals);

	if (err || totals->shown || filter.client_id_glob)
		return err;
	id.client_id_glob = w->ask->what;
	free(w->rows);
	w->rows = NULL;
	return rz_conn_rows_make(w->conns.snap, &w->conns.world, &id, &w->rows, totals);
}

/* Whether it could be written is told at the end (base/stdout.h). */
static int print(const struct work *w)
{
	return w->ask->common.json ? rz_explain_print_json(stdout, &w->view)
				   : rz_explain_print_text(stdout, &w->view);
}

static int run(struct work *w)
{
	struct rz_conn_totals totals;
	int err = rz_conns_read(w->maps, &w->conns);

	if (err)
		return err;
	err = find(w, &totals);
	if (!err && !totals.shown)
		return rz_err(-ENOENT,
			      "explain: no tracked connection is \"%s\"; `rezone list -o wide` has "
			      "them, `rezone events` those that closed, `rezone status -o wide` "
			      "clients whose next connection is waited for",
			      w->ask->what);
	if (!err)
		err = prepare(w, totals.shown);
	return err ? rz_err(err, "explain: %s", strerror(-err)) : print(w);
}

int rz_cmd_explain(int argc, char **argv)
{
	struct ask a = {.sort = RZ_CONN_SORT_COOKIE};
	struct work w = {.ask = &a};
	struct rz_maps maps;
	int err;

	rz_opts_read(argc, argv, &command, &a.common);
	if (rz_ask_open(&a.common, "explain", &maps))
		return 1;
	w.maps = &maps;
	err = rz_conns_settings(a.common.pin_dir, "explain", &w.conf);
	if (!err) {
		err = run(&w);
		rz_conf_free(&w.conf);
	}
	rz_conns_free(&w.conns);
	free(w.rows);
	free(w.explains);
	free(w.events);
	rz_maps_close(&maps);
	return err ? 1 : 0;
}
