/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two options that every reading command has: -o table|json and --pin-dir. A command's own argp
 * names rz_ask_children as its children, and gives a struct rz_ask first in its input. An argument
 * that the command does not take itself is refused here.
 */
#ifndef RZ_CMD_ASK_H
#define RZ_CMD_ASK_H

#include <argp.h>
#include <stdbool.h>

#include "kern/maps.h"

struct rz_ask {
	bool json;
	const char *pin_dir;
};

extern const struct argp_child rz_ask_children[];

/* Fills *ret from argv, exits on a mistake (status 2) and on --help. `doc` is the command's text.
 */
void rz_ask_read(int argc, char **argv, const char *doc, struct rz_ask *ret);

/* The maps, and a line on stderr (`command` names who says it) if no daemon runs. 0 or -errno,
 * logged. */
int rz_ask_open(const struct rz_ask *a, const char *command, struct rz_maps *ret);

#endif
