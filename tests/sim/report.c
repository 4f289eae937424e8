// SPDX-License-Identifier: Apache-2.0
/* Figures of a run, see sim.h. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Seconds until so many of them were home. */
static double until(const uint32_t *steps, size_t home, size_t counted, double part)
{
	size_t i = (size_t)((double)counted * part + 0.999999);

	return !i || i > home ? -1 : steps[i - 1] / 10.0;
}

static void times(struct sim *s, struct figures *f)
{
	uint32_t *steps = malloc((s->n_conns + 1) * sizeof(*steps));
	size_t i;

	if (!steps)
		abort();
	for (i = 0; i < s->n_conns; i++) {
		const struct conn *c = &s->conns[i];

		if (!c->counts || (s->clients[c->client].ended && !c->home_step))
			continue;
		f->counted++;
		if (c->home_step)
			steps[f->home++] = c->home_step - s->asked_step;
	}
	qsort(steps, f->home, sizeof(*steps), by_number);
	f->median_s = until(steps, f->home, f->counted, 0.5);
	f->p95_s = until(steps, f->home, f->counted, 0.95);
	f->all_s = until(steps, f->home, f->counted, 1);
	free(steps);
}

struct figures figures_of(struct sim *s)
{
	struct figures f = {};
	size_t i, k, z, ten;

	times(s, &f);
	for (z = 0; z < N_ZONES; z++)
		for (i = 0; i < s->setup.seconds; i++) {
			for (ten = 0, k = i; k < i + 10 && k < s->setup.seconds; k++)
				ten += s->target_second[z][k];
			if ((double)ten / 10 > f.target_10s)
				f.target_10s = (double)ten / 10;
			if (s->target_second[z][i] > f.target_second)
				f.target_second = s->target_second[z][i];
		}
	for (i = 0; i < s->n_samples; i++)
		if (s->samples[i].newest > f.newest_most)
			f.newest_most = s->samples[i].newest;
	for (i = 0; i < s->setup.seconds; i++)
		if (s->arrivals[i] > f.arrivals_most)
			f.arrivals_most = s->arrivals[i];
	s->breakers_opened = 0;
	for (i = 0; i < s->n_agents; i++) {
		unsigned opened = 0;

		if (s->agents[i].select)
			rz_select_breaker_until(s->agents[i].select, &opened);
		s->breakers_opened += opened;
		for (k = 0; k < RZ_REASON_COUNT; k++)
			f.reasons[k] += s->agents[i].reasons[k];
	}
	return f;
}

void print_head(FILE *f)
{
	fprintf(f,
		"scene,counted,home,median_s,p95_s,all_s,moves,returned,landed_away,node_most_s,"
		"target_most_s,target_most_10s,newest_most,arrivals_most_s,breakers,cooling_down,"
		"gave_up,breaker_open\n");
}

void print_row(FILE *out, struct sim *s)
{
	struct figures f = figures_of(s);

	fprintf(out,
		"\"%s\",%zu,%zu,%.1f,%.1f,%.1f,%zu,%zu,%zu,%zu,%.0f,%.1f,%zu,%zu,%u,%zu,%zu,%zu\n",
		s->setup.name, f.counted, f.home, f.median_s, f.p95_s, f.all_s, s->moves, s->futile,
		s->landed_away, s->node_peak, f.target_second, f.target_10s, f.newest_most,
		f.arrivals_most, s->breakers_opened, f.reasons[RZ_REASON_COOLING_DOWN],
		f.reasons[RZ_REASON_GAVE_UP], f.reasons[RZ_REASON_BREAKER]);
}

/* FOLDER/NAME.csv, with '_' for what a file name does not like. */
void write_series(const struct sim *s, const char *folder)
{
	char path[256], *p;
	FILE *f;
	size_t i;

	snprintf(path, sizeof(path), "%s/%s.csv", folder, s->setup.name);
	for (p = path + strlen(folder) + 1; *p; p++)
		if (strchr("/,=", *p))
			*p = '_';
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		exit(2);
	}
	fprintf(f, "second,newest,away,moves,returned\n");
	for (i = 0; i < s->n_samples; i++) {
		const struct sample *m = &s->samples[i];

		fprintf(f, "%u,%zu,%zu,%zu,%zu\n", m->second, m->newest, m->away, m->moves,
			m->futile);
	}
	fclose(f);
}
