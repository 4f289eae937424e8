// SPDX-License-Identifier: Apache-2.0
/* What reading commands share, see ask.h. */
#include "cmd/ask.h"

#include <string.h>

#include "base/log.h"
#include "kern/pins.h"

static const struct argp_option options[] = {
	{"output", 'o', "table|json", 0, "form of the output (default table)", 0},
	{"pin-dir", 'p', "DIR", 0,
	 "the --pin-dir of the daemon, where its maps are pinned (default " RZ_PIN_DIR_DEFAULT ")",
	 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct rz_ask *a = state->input;

	switch (key) {
	case 'o':
		if (strcmp(arg, "json") && strcmp(arg, "table"))
			argp_error(state, "-o %s: give table or json", arg);
		a->json = !strcmp(arg, "json");
		return 0;
	case 'p':
		a->pin_dir = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: no argument is expected", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {.options = options, .parser = parse};
const struct argp_child rz_ask_children[] = {{&argp, 0, NULL, 0}, {0}};

static error_t parse_command(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

void rz_ask_read(int argc, char **argv, const char *doc, struct rz_ask *ret)
{
	struct argp command = {.parser = parse_command, .doc = doc, .children = rz_ask_children};

	argp_err_exit_status = 2;
	*ret = (struct rz_ask){.pin_dir = RZ_PIN_DIR_DEFAULT};
	argp_parse(&command, argc, argv, 0, NULL, ret);
}

int rz_ask_open(const struct rz_ask *a, const char *command, struct rz_maps *ret)
{
	int err = rz_maps_open(a->pin_dir, ret);

	if (!err && !rz_maps_daemon_alive(a->pin_dir))
		rz_warn("%s: no daemon runs with --pin-dir %s; this is what the last one left",
			command, a->pin_dir);
	return err;
}
