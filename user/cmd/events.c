// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone events`: what happened: verdicts that changed, holds, moves, outcomes, freezes.
 *
 * Comes in: maps events and verdicts; no daemon is needed to see what was. Goes out: a line each,
 * in the order of time, as text or JSON (docs/events.md).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/stdout.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "kern/events.h"
#include "out/event.h"
#include "policy/reason.h"

#define LOOK_NS 200000000L

struct ask {
	struct rz_ask common; /* first */
	bool follow;
	unsigned long last;		 /* 0: all */
	bool only[RZ_EVENT_COUNT], some; /* some: only[] says which */
};

static volatile sig_atomic_t stopped;

static void on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void pick(struct argp_state *state, char *words, void *input)
{
	struct ask *a = input;
	enum rz_event_type t;
	char *word, *rest;

	if (!*words || *words == ',')
		argp_error(state, "--event %s: name at least one, as move,outcome", words);
	for (word = strtok_r(words, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		if (rz_event_parse(word, &t))
			argp_error(state,
				   "--event %s: there is no such event; docs/events.md lists them, "
				   "as verdict, hold, move, outcome",
				   word);
		else
			a->only[t] = a->some = true;
	}
}

static const struct rz_opt options[] = {
	{"follow", 'f', NULL, RZ_OPT_FLAG(struct ask, follow),
	 "go on with the events that happen from now on"},
	{"limit", 'n', "N", RZ_OPT_COUNT(struct ask, last),
	 "begin with the last N events (default: all that are kept)"},
	{"last", 0, "N", RZ_OPT_ALIAS},
	{"event", 'e', "WORD[,WORD...]", RZ_OPT_TAKE,
	 "only these events, as move,outcome; docs/events.md lists them", .take = pick},
	{},
};

static const struct rz_command command = {
	.options = options,
	.doc = "Shows what happened: verdicts that changed, holds, moves, what became of the "
	       "clients, freezes, pauses. The last 4096 events or so are kept, and as many changes "
	       "of verdicts, also over a restart of the daemon with --keep-pins. docs/events.md "
	       "explains each event.\vExit status: 0 done, 1 could not, 2 used wrongly.",
};

/* Events read and not shown yet, of both rings. */
struct batch {
	struct rz_event *rows;
	size_t n, room;
	uint64_t missed;
};

static int take(struct batch *b, struct rz_event_ring *r, const struct ask *a)
{
	struct rz_event e;
	int got;

	while ((got = rz_event_ring_next(r, &e, &b->missed)) > 0) {
		if (a->some && !a->only[e.type < RZ_EVENT_COUNT ? e.type : 0])
			continue;
		if (b->n == b->room) {
			size_t room = b->room ? 2 * b->room : 64;
			struct rz_event *rows = reallocarray(b->rows, room, sizeof(*rows));

			if (!rows)
				return -ENOMEM;
			b->rows = rows;
			b->room = room;
		}
		b->rows[b->n++] = e;
	}
	return got;
}

static int show(struct batch *b, const struct ask *a, size_t from)
{
	size_t i;
	int err = 0;

	if (b->missed)
		rz_warn("events: %llu events were overwritten before they could be read",
			(unsigned long long)b->missed);
	rz_events_sort(b->rows, b->n);
	for (i = from; !err && i < b->n; i++) {
		if (a->common.json)
			err = rz_event_print_json(stdout, &b->rows[i]);
		else
			rz_event_print_text(stdout, &b->rows[i]);
	}
	if (!err)
		err = rz_stdout_flush();
	b->n = 0;
	b->missed = 0;
	return err;
}

static int rewind_all(const struct rz_maps *maps, struct rz_event_ring rings[static 2])
{
	int err = rz_event_ring_rewind(maps->events, &rings[0]);

	return err ? err : rz_event_ring_rewind(maps->verdicts, &rings[1]);
}

static int take_all(struct batch *b, struct rz_event_ring rings[static 2], const struct ask *a)
{
	int err = take(b, &rings[0], a);

	return err ? err : take(b, &rings[1], a);
}

/* Goes on with the maps of a daemon that was restarted, once the earlier one's are read to their
 * end. */
static int renew(struct batch *b, struct rz_event_ring rings[static 2], const struct ask *a,
		 struct rz_maps *maps)
{
	struct rz_maps fresh;
	int err;

	if (!rz_maps_newer(a->common.pin_dir, maps, &fresh))
		return 0;
	err = take_all(b, rings, a);
	rz_maps_close(maps);
	*maps = fresh;
	rz_ask_name_node(maps);
	if (!err)
		err = rewind_all(maps, rings);
	return err ? err : take_all(b, rings, a);
}

static int run(const struct ask *a, struct rz_maps *maps)
{
	struct timespec every = {0, LOOK_NS};
	struct rz_event_ring rings[2];
	struct batch b = {};
	int err = rewind_all(maps, rings);

	if (!err)
		err = take_all(&b, rings, a);
	if (!err)
		err = show(&b, a, a->last && b.n > a->last ? b.n - a->last : 0);
	while (a->follow && !err && !stopped) {
		ppoll(NULL, 0, &every, NULL);
		err = take_all(&b, rings, a);
		if (!err)
			err = renew(&b, rings, a, maps);
		if (!err)
			err = show(&b, a, 0);
	}
	free(b.rows);
	return err;
}

int rz_cmd_events(int argc, char **argv)
{
	struct ask a = {};
	struct sigaction sa = {.sa_handler = on_stop};
	struct rz_maps maps;
	int err;

	rz_opts_read(argc, argv, &command, &a.common);
	if (rz_ask_open(&a.common, "events", &maps))
		return 1;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	err = run(&a, &maps);
	if (err && !rz_stdout_flush()) /* the line at exit tells of stdout */
		rz_err(err, "events: %s", strerror(-err));
	rz_maps_close(&maps);
	return err ? 1 : 0;
}
