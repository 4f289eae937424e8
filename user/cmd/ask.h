/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that every command has: -o table|wide|json and --pin-dir. A command with options of
 * its own has a table of them (opts.h).
 *
 * A short option means the same in every command: -f --follow, -n --limit, -s --sort, -g
 * --group-by, -w --watch, -c --client. One that meant something else until now is refused with the
 * long option's name (rz_ask_moved), for one release.
 */
#ifndef RZ_CMD_ASK_H
#define RZ_CMD_ASK_H

#include <argp.h>
#include <stdbool.h>

#include "kern/maps.h"

struct rz_ask {
	bool json;
	bool wide; /* a table with every column, where there are more */
	const char *pin_dir;
};

extern const struct argp_child rz_ask_children[];

/* argp's keys of options without a letter; those of a command's own begin at RZ_KEY_OWN (opts.c).
 */
enum { RZ_KEY_OWN = 0x200 };

/* Fills *ret from argv, exits on a mistake (status 2) and on --help. `doc` is the command's text.
 */
void rz_ask_read(int argc, char **argv, const char *doc, struct rz_ask *ret);
/* What the options are before argv is read. Called by opts.c. */
void rz_ask_defaults(struct rz_ask *ret);

/* Names the node in all JSON of this command: as its daemon does, or as this process would. NULL:
 * no maps. */
void rz_ask_name_node(const struct rz_maps *m);
/* Likewise, by the daemon of this pin directory, if one runs. For commands that need no maps. */
void rz_ask_name_node_at(const char *pin_dir);

/* The maps, and a line on stderr (`command` names who says it) if no daemon runs. 0 or -errno,
 * logged. */
int rz_ask_open(const struct rz_ask *a, const char *command, struct rz_maps *ret);

/* A whole number above 0, or argp's usage error. */
unsigned long rz_ask_count(struct argp_state *state, const char *flag, const char *text);
/* The index of a word among `words` (NULL-terminated), or argp's usage error, with what was meant.
 */
int rz_ask_word(struct argp_state *state, const char *flag, const char *text,
		const char *const *words);
/* `letter` was this option's until now, and is another's in the other commands: a usage error. */
void rz_ask_moved(struct argp_state *state, char letter, const char *option);

#endif
