// SPDX-License-Identifier: Apache-2.0
/* What commands share, see ask.h. */
#include "cmd/ask.h"

#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/json.h"
#include "base/log.h"
#include "base/node.h"
#include "base/str.h"
#include "base/yaml.h"
#include "cmd/describe.h"
#include "kern/pins.h"

static const char *const forms[] = {"table", "wide", "json", NULL};
enum form { TABLE, WIDE, JSON };
#define KEY_DESCRIBE (RZ_KEY_OWN - 1)
#define KEY_HELP_ALL (RZ_KEY_OWN - 2)

static const struct argp_option options[] = {
	{"output", 'o', "table|wide|json", 0, "form of the output (default table)", 0},
	{"pin-dir", 'p', "DIR", 0,
	 "the --pin-dir of the daemon, where its maps are pinned (default REZONE_PIN_DIR of the "
	 "environment, else " RZ_PIN_DIR_DEFAULT ")",
	 0},
	{"describe", KEY_DESCRIBE, NULL, OPTION_HIDDEN, NULL, 0},
	/* of `run` and of rezone itself it has more than --help */
	{"help-all", KEY_HELP_ALL, NULL, OPTION_HIDDEN, NULL, 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct rz_ask *a = state->input;
	int form;

	switch (key) {
	case 'o':
		/* `check` called its table so */
		form = strcmp(arg, "text") ? rz_ask_word(state, "-o", arg, forms) : TABLE;
		a->json = form == JSON;
		a->wide = form == WIDE;
		return 0;
	case 'p':
		if (!*arg)
			argp_error(state, "--pin-dir: is empty; give a path");
		a->pin_dir = rz_str_cut_slashes(arg);
		return 0;
	case KEY_DESCRIBE:
		rz_describe(stdout, state->root_argp);
		exit(0);
	case KEY_HELP_ALL:
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
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

/* A daemon that has its --pin-dir from a variable, as in a pod, is found by whoever has the same
 * variable: a probe in that pod, above all. */
static const char *default_pin_dir(void)
{
	char *set = getenv("REZONE_PIN_DIR");

	return set && *set ? rz_str_cut_slashes(set) : RZ_PIN_DIR_DEFAULT;
}

void rz_ask_defaults(struct rz_ask *ret)
{
	argp_err_exit_status = 2;
	setenv("ARGP_HELP_FMT", "no-dup-args-note", 0); /* three lines less in each --help */
	ret->pin_dir = default_pin_dir();
	rz_ask_name_node(NULL);
}

void rz_ask_read(int argc, char **argv, const char *doc, struct rz_ask *ret)
{
	struct argp command = {.parser = parse_command, .doc = doc, .children = rz_ask_children};

	*ret = (struct rz_ask){};
	rz_ask_defaults(ret);
	if (argp_parse(&command, argc, argv, 0, NULL, ret))
		exit(2); /* out of memory: mistakes end in argp_error() */
}

void rz_ask_name_node(const struct rz_maps *m)
{
	char node[RZ_NODE_SIZE];
	struct rz_status s;
	__u32 zero = 0;

	rz_node_name(node, m && !bpf_map_lookup_elem(m->status, &zero, &s) ? s.node : NULL);
	rz_json_set_node(node);
}

void rz_ask_name_node_at(const char *pin_dir)
{
	struct rz_maps maps;

	if (!rz_maps_daemon_alive(pin_dir) || rz_maps_open(pin_dir, &maps))
		return;
	rz_ask_name_node(&maps);
	rz_maps_close(&maps);
}

int rz_ask_open(const struct rz_ask *a, const char *command, struct rz_maps *ret)
{
	int err = rz_maps_open(a->pin_dir, ret);

	if (!err && !rz_maps_daemon_alive(a->pin_dir))
		rz_warn("%s: no daemon runs with --pin-dir %s; this is what the last one left",
			command, a->pin_dir);
	if (!err)
		rz_ask_name_node(ret);
	return err;
}

unsigned long rz_ask_count(struct argp_state *state, const char *flag, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || !n || *text < '0' || *text > '9')
		argp_error(state, "%s %s: give a whole number above 0", flag, text);
	return n;
}

int rz_ask_word(struct argp_state *state, const char *flag, const char *text,
		const char *const *words)
{
	char all[256] = "";
	const char *near;
	size_t used = 0;
	int i;

	if (!strcmp(text, RZ_DESCRIBE)) {
		for (i = 0; words[i]; i++)
			puts(words[i]);
		exit(0);
	}
	for (i = 0; words[i]; i++) {
		if (!strcmp(words[i], text))
			return i;
		if (used < sizeof(all))
			used += snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "",
					 words[i]);
	}
	near = rz_yaml_nearest(text, words);
	argp_error(state, "%s %s: give one of %s%s%s%s", flag, text, all,
		   near ? "; did you mean " : "", near ?: "", near ? "?" : "");
	return 0;
}

void rz_ask_moved(struct argp_state *state, char letter, const char *option)
{
	argp_error(state,
		   "-%c is no longer a short form of %s here, for it means another option "
		   "in other commands; write %s",
		   letter, option, option);
}
