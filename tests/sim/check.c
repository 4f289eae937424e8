// SPDX-License-Identifier: Apache-2.0
/*
 * The small form, `make sim-quick`: what must come out of a simulation, each with a counterpart
 * that shows that it need not. Called by scripts/check.
 */
#include <stdarg.h>
#include <string.h>

#include "sim.h"

static unsigned passed, failed;

__attribute__((format(printf, 2, 3))) static void expect(bool ok, const char *format, ...)
{
	va_list args;

	printf("%s ", ok ? "ok    " : "FAILED");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	passed += ok;
	failed += !ok;
}

static void run(struct sim *s, const char *name, unsigned scale)
{
	struct setup setup = setup_of(name, scale);

	scene_run(s, &setup);
}

static struct figures run_for_figures(struct sim *s, const char *name, unsigned scale)
{
	run(s, name, scale);
	return figures_of(s);
}

/* The policy need not be shown who is at home on a node of one zone. */
static void check_short_cut(void)
{
	struct sim with, without;
	size_t i, differ = 0;

	run(&with, "zone/all-rows", 100);
	run(&without, "zone", 100);
	for (i = 0; i < with.n_conns; i++)
		differ += with.conns[i].home_step != without.conns[i].home_step ||
			  with.conns[i].agent != without.conns[i].agent;
	expect(!differ && with.moves == without.moves && with.judged > without.judged,
	       "those at home change nothing: %zu of %zu connections differ", differ, with.n_conns);
	sim_free(&with);
	sim_free(&without);
}

/* In any window no more than the rate gives in it and in ten seconds more, and one for each node.
 */
static size_t beyond(const struct sim *s, double per_agent)
{
	size_t i, k, moves, over = 0;

	for (i = 0; i < s->setup.seconds; i++)
		for (moves = 0, k = i; k < s->setup.seconds; k++) {
			moves += s->target_second[2][k];
			over += (double)moves >
				per_agent * (double)s->setup.agents[2] * (double)(k - i + 1 + 10) +
					(double)s->n_agents;
		}
	return over;
}

static void check_home(void)
{
	struct sim s;
	struct figures f = run_for_figures(&s, "zone", 60), g;

	expect(f.home == f.counted && f.counted > 1000,
	       "a zone is back: %zu of %zu connections came home, half in %.0f s, all in %.0f s",
	       f.home, f.counted, f.median_s, f.all_s);
	expect(!beyond(&s, s.setup.limits.rates.per_target) && s.moves > 100,
	       "no more moves towards it than its rate in any window, of %zu; most in a second: "
	       "%.0f",
	       s.moves, f.target_second);
	sim_free(&s);
	g = run_for_figures(&s, "zone/without", 60);
	expect(g.home < g.counted && (g.median_s < 0 || g.median_s > f.median_s) && !s.moves,
	       "without rezone %zu of %zu did", g.home, g.counted);
	sim_free(&s);
	run(&s, "zone/target=20", 60);
	expect(beyond(&s, 2) > 0, "with ten times the rate the same look finds too many moves");
	sim_free(&s);
}

/* What is not ready for as long as it must be is no place to go to. */
static void check_flap(void)
{
	struct sim s;

	run(&s, "flap-20", 50);
	expect(!s.moves, "towards an agent that is ready for 20 s of 40 nobody is moved");
	sim_free(&s);
	run(&s, "flap-20/stable=10", 50);
	expect(s.moves > 0, "with --stable-for 10s %zu are", s.moves);
	sim_free(&s);
}

/* Nobody can reach a zone that is listed as ready: 30 s until it is known, at a node's share. */
static void check_lie(void)
{
	struct sim s;
	struct figures f = run_for_figures(&s, "lie/leave=0", 100);
	double a_node = s.setup.limits.rates.per_target * (double)s.setup.agents[2] /
			(double)(s.setup.agents[0] + s.setup.agents[1]);
	double known_s = (double)s.setup.limits.outcome_ns / 1e9 + 2;
	double times = 1 + 3600 / ((double)s.setup.limits.breaker_for_ns / 1e9);
	size_t most = (size_t)((double)s.n_agents * times * (a_node * (known_s + 10) + 1)), with;

	expect(s.moves > 0 && s.moves <= most && !f.home && f.reasons[RZ_REASON_BREAKER] > 0,
	       "a topology that lies costs %zu futile moves an hour on %zu nodes, at most %zu; "
	       "%zu connections wait for the breaker",
	       s.moves, s.n_agents, most, f.reasons[RZ_REASON_BREAKER]);
	with = s.moves;
	sim_free(&s);
	run(&s, "lie/leave=0,breaker=0", 100);
	expect(s.moves > most && s.moves > with, "without the breaker %zu", s.moves);
	sim_free(&s);
}

/* Clients that cannot reach home are found out by no node, for they go to another one each time:
 * who came although home was ready waits. Where a zone is back it changes nothing. */
static void check_chosen(void)
{
	size_t without, zone;
	struct sim s;
	struct figures f;

	run(&s, "lie/anywhere,breaker=0,ready-wait=0", 100);
	without = s.moves;
	sim_free(&s);
	f = run_for_figures(&s, "lie/anywhere,breaker=0", 100);
	expect(s.moves * 3 < without && s.moves > 0 && f.reasons[RZ_REASON_HOME_WAS_READY] > 0,
	       "a topology that lies, and clients that go anywhere: %zu moves; %zu without "
	       "--home-ready-wait",
	       s.moves, without);
	sim_free(&s);
	run(&s, "zone/ready-wait=0", 100);
	zone = s.moves;
	sim_free(&s);
	f = run_for_figures(&s, "zone", 100);
	expect(s.moves == zone && f.home == f.counted && !f.reasons[RZ_REASON_HOME_WAS_READY],
	       "it costs nothing where a zone is back: %zu moves and %zu", s.moves, zone);
	sim_free(&s);
}

/* Clients that go back to where they were, whatever they are told. */
static void check_loop(void)
{
	static const struct {
		const char *scene, *word;
		enum rz_reason reason;
	} rows[] = {
		{"zone/loops=1000,leave=0,breaker=0,giveup=0", "cooling down",
		 RZ_REASON_COOLING_DOWN},
		{"zone/loops=1000,leave=0,breaker=0", "gave up", RZ_REASON_GAVE_UP},
		{"zone/loops=1000,leave=0", "breaker open", RZ_REASON_BREAKER},
	};
	size_t moves[COUNT(rows)], i, unhindered;
	struct sim s;

	run(&s, "zone/loops=1000,leave=0,breaker=0,giveup=0,cooldown=0", 200);
	unhindered = s.moves;
	sim_free(&s);
	for (i = 0; i < COUNT(rows); i++) {
		struct figures f = run_for_figures(&s, rows[i].scene, 200);
		size_t away = f.counted - f.home;

		moves[i] = s.moves;
		expect(f.reasons[rows[i].reason] * 10 >= away * 9 && away > 100 &&
			       moves[i] < (i ? moves[i - 1] : unhindered),
		       "a reset loop: %zu moves (%zu unhindered), and %zu of %zu say \"%s\"",
		       moves[i], unhindered, f.reasons[rows[i].reason], away, rows[i].word);
		sim_free(&s);
	}
}

/* Seconds until the first agent has no candidate left; and until it has half. */
static void drained(const struct sim *s, size_t *half, size_t *all)
{
	*half = *all = 0;
	while (*half < s->setup.seconds && s->herd_left[*half] > s->setup.herd / 2)
		++*half;
	while (*all < s->setup.seconds && s->herd_left[*all])
		++*all;
}

static void check_herd(void)
{
	static const char *const scenes[] = {"herd/target=0", "herd/target=0,rate=20"};
	size_t i, half, all;

	for (i = 0; i < COUNT(scenes); i++) {
		struct sim s;
		double rate, least, most;

		run(&s, scenes[i], 50);
		rate = s.setup.limits.rates.node;
		least = s.setup.herd / rate - 11;
		/* it begins at the first tick, and goes on at those of the backlog */
		most = s.setup.herd / rate + (double)s.setup.interval_ns * 1.1 / 1e9 + 3;
		drained(&s, &half, &all);
		expect((double)all >= least && (double)all <= most &&
			       (double)half <= most / 2 + 20 && (double)half >= least / 2 - 5,
		       "%u candidates at %g a second: %zu s (%.0f to %.0f), half of them %zu s",
		       s.setup.herd, rate, all, least, most, half);
		sim_free(&s);
	}
}

int check_all(void)
{
	check_short_cut();
	check_home();
	check_flap();
	check_lie();
	check_chosen();
	check_loop();
	check_herd();
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
