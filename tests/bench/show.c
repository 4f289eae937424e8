// SPDX-License-Identifier: Apache-2.0
/*
 * What was measured, for people: a case with all its ways, and all cases as one table.
 *
 * Comes in: the ways of a case, with their times. Goes out: text. Called by tests/bench/bench.c.
 */
#include "bench.h"

#include <stdio.h>
#include <string.h>

/* The median over the rounds of what way `w` adds to no program, or its quartile `q`. */
static double added(const struct way *none, const struct way *w, unsigned int rounds, int q)
{
	static double v[ROUNDS_MAX];
	unsigned int i;

	for (i = 0; i < rounds; i++)
		v[i] = w->ns[i] - none->ns[i];
	return quartile(v, rounds, q);
}

static double median(const double *of, unsigned int n)
{
	static double v[ROUNDS_MAX];

	memcpy(v, of, n * sizeof(*v));
	return quartile(v, n, 2);
}

static struct way *find(struct way *ways, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	return NULL;
}

static double added_by(struct way *ways, size_t n, const char *name, unsigned int rounds)
{
	const struct way *w = find(ways, n, name);

	return w ? added(&ways[0], w, rounds, 2) : 0;
}

static double counted_of(struct way *ways, size_t n, const char *name)
{
	const struct way *w = find(ways, n, name);

	return w ? median(w->counted, w->n_counted) : 0;
}

struct bench_row bench_row_of(const struct bench_case *c, struct way *ways, size_t n,
			      unsigned int rounds)
{
	const char *look_up = "bare hash look-up", *moving = "rezone, during a move";
	const char *rezone = c->place == OUT ? moving : "rezone";

	return (struct bench_row){
		.name = c->name,
		.none = median(ways[0].ns, rounds),
		.empty = added_by(ways, n, "empty", rounds),
		.look_up = added_by(ways, n, look_up, rounds),
		.rezone = added_by(ways, n, rezone, rounds),
		.moving = added_by(ways, n, moving, rounds),
		.counted_empty = counted_of(ways, n, "empty"),
		.counted_look_up = counted_of(ways, n, look_up),
		.counted_rezone = counted_of(ways, n, rezone),
	};
}

void bench_show_case(const struct bench_case *c, struct way *ways, size_t n, unsigned int rounds)
{
	size_t i;

	printf("\n%s: %s\n%-24s %8s %7s  %-16s %8s\n", c->name, c->what, "ns", "each", "added",
	       "(middle half)", "counted");
	for (i = 0; i < n; i++) {
		printf("%-24s %8.0f", ways[i].name, median(ways[i].ns, rounds));
		if (i)
			printf(" %+7.0f  (%+6.0f ..%+6.0f) %8.0f",
			       added(&ways[0], &ways[i], rounds, 2),
			       added(&ways[0], &ways[i], rounds, 1),
			       added(&ways[0], &ways[i], rounds, 3),
			       median(ways[i].counted, ways[i].n_counted));
		putchar('\n');
	}
}

static void put_ratio(double a, double b)
{
	if (a > 0 && b > 0)
		printf(" %8.2f", a / b);
	else
		printf(" %8s", "-");
}

void bench_show_table(const struct bench_row *rows, size_t n)
{
	const struct bench_row *r;

	printf("\nnanoseconds that a program adds to a send; counted: by the kernel, a run\n"
	       "%-16s %8s %7s %7s %7s %7s %8s %8s | counted: %5s %7s %7s %8s\n",
	       "", "none", "empty", "look-up", "rezone", "moving", ":empty", ":look-up", "empty",
	       "look-up", "rezone", ":look-up");
	for (r = rows; r < rows + n; r++) {
		printf("%-16s %8.0f %7.0f %7.0f %7.0f %7.0f", r->name, r->none, r->empty,
		       r->look_up, r->rezone, r->moving);
		put_ratio(r->rezone, r->empty);
		put_ratio(r->rezone, r->look_up);
		printf(" |          %5.0f %7.0f %7.0f", r->counted_empty, r->counted_look_up,
		       r->counted_rezone);
		put_ratio(r->counted_rezone, r->counted_look_up);
		putchar('\n');
	}
}
