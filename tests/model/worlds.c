// SPDX-License-Identifier: Apache-2.0
/* In which world each twisted rule was seen, see worlds.h. */
#include "worlds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WORLDS	 "tests/model/worlds"
#define MAX_ROWS 256

static struct {
	uint64_t world;
	char rule[64];
} rows[MAX_ROWS];
static size_t n_rows;

static void read_once(void)
{
	static bool done;
	FILE *f = done ? NULL : fopen(WORLDS, "re");

	done = true;
	while (f && n_rows < MAX_ROWS &&
	       fscanf(f, "%" SCNu64 " %63[^\n]", &rows[n_rows].world, rows[n_rows].rule) == 2)
		n_rows++;
	if (f)
		fclose(f);
}

static size_t row_of(const char *rule)
{
	size_t i = 0;

	read_once();
	while (i < n_rows && strcmp(rows[i].rule, rule) != 0)
		i++;
	return i;
}

uint64_t remembered_world(const char *rule)
{
	size_t i = row_of(rule);

	return i < n_rows ? rows[i].world : 0;
}

void remember_world(const char *rule, uint64_t world)
{
	size_t i = row_of(rule);

	if (i == MAX_ROWS)
		return;
	if (i == n_rows)
		snprintf(rows[n_rows++].rule, sizeof(rows[i].rule), "%s", rule);
	rows[i].world = world;
}

bool write_worlds(void)
{
	FILE *f = fopen(WORLDS, "we");
	bool ok = f != NULL;
	size_t i;

	for (i = 0; i < n_rows && ok; i++)
		ok = fprintf(f, "%" PRIu64 " %s\n", rows[i].world, rows[i].rule) > 0;
	if (f && fclose(f))
		ok = false;
	if (!ok)
		fprintf(stderr, "model: cannot write %s: %s; run it from the project's root\n",
			WORLDS, strerror(errno));
	return ok;
}
