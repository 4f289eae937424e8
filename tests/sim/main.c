// SPDX-License-Identifier: Apache-2.0
/*
 * The simulation, see sim.h: `sim check` (make sim-quick), or `sim SCALE FOLDER NAME...`, which
 * runs scenes in a cluster SCALE times smaller than 1,000 nodes, writes FOLDER/NAME.csv, and a row
 * of figures for each to stdout. Progress is on stderr. Called by tests/sim/run.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim.h"

static void run(const char *name, unsigned scale, const char *folder)
{
	struct setup setup = setup_of(name, scale);
	time_t began = time(NULL);
	struct sim s;

	fprintf(stderr, "%s ...", name);
	scene_run(&s, &setup);
	fprintf(stderr, " %zu nodes, %zu connections, %u s in %ld s; %zu ticks, %zu verdicts\n",
		s.n_agents, s.n_conns, setup.seconds, (long)(time(NULL) - began), s.ticks,
		s.judged);
	print_row(stdout, &s);
	fflush(stdout);
	write_series(&s, folder);
	sim_free(&s);
}

int main(int argc, char **argv)
{
	int i;

	if (argc == 2 && !strcmp(argv[1], "check"))
		return check_all();
	if (argc < 4 || atoi(argv[1]) < 1) {
		fprintf(stderr, "usage: sim check | sim SCALE FOLDER SCENE[/KEY=VALUE,...]...\n");
		return 2;
	}
	print_head(stdout);
	for (i = 3; i < argc; i++)
		run(argv[i], (unsigned)atoi(argv[1]), argv[2]);
	return 0;
}
