// SPDX-License-Identifier: Apache-2.0
/*
 * The flags of `rezone run`, made from the table.
 *
 * Comes in: argv. Goes out: the values as given, which conf.c reads. Called by conf.c.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "conf/table.h"

#define KEY_ROW0     0x100 /* argp keys of the rows; above every character */
#define KEY_CONFIG   0x400
#define KEY_MARKDOWN 0x401
#define KEY_USAGE    0x402
#define KEY_HELP_ALL 0x403
#define KEY_DESCRIBE 0x404
#define KEY_HELP     '?'

/* Which row's short form it is; else the key. */
static int key_of_letter(int key)
{
	size_t i;

	for (i = 0; i < rz_conf_n_rows; i++)
		if (rz_conf_rows[i].letter && key == rz_conf_rows[i].letter)
			return KEY_ROW0 + (int)i;
	return key;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct rz_conf_flags *f = state->input;

	key = key_of_letter(key);
	if (key >= KEY_ROW0 && key < KEY_ROW0 + RZ_CONF_ROWS_MAX) {
		f->values[key - KEY_ROW0] = arg ? arg : "true";
		return 0;
	}
	switch (key) {
	case KEY_CONFIG:
		f->config = arg;
		return 0;
	case KEY_MARKDOWN:
		f->markdown = true;
		return 0;
	case KEY_HELP:
	case KEY_HELP_ALL:
		rz_conf_help(stdout, key == KEY_HELP_ALL);
		exit(0);
	case KEY_DESCRIBE:
		rz_conf_describe(stdout);
		exit(0);
	case KEY_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: no argument is expected; settings begin with --", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Fills options from the table: one more for an alias, and for a letter. What --help says is
 * help.c's: argp forgets the column that it is in behind some of the texts. */
static size_t make_options(struct argp_option *o)
{
	size_t i, n = 0;

	o[n++] = (struct argp_option){"config", KEY_CONFIG, "PATH"};
	o[n++] = (struct argp_option){"help-markdown", KEY_MARKDOWN, NULL, OPTION_HIDDEN};
	o[n++] = (struct argp_option){"describe", KEY_DESCRIBE, NULL, OPTION_HIDDEN};
	o[n++] = (struct argp_option){"help", KEY_HELP};
	o[n++] = (struct argp_option){"help-all", KEY_HELP_ALL};
	o[n++] = (struct argp_option){"usage", KEY_USAGE};
	for (i = 0; i < rz_conf_n_rows; i++) {
		const struct rz_conf_row *r = &rz_conf_rows[i];
		const char *form = *rz_conf_form(r) ? rz_conf_form(r) : NULL;
		int key = KEY_ROW0 + (int)i;

		o[n++] = (struct argp_option){r->name, key, form};
		if (r->alias)
			o[n++] = (struct argp_option){r->alias, key, form, OPTION_HIDDEN};
		if (r->letter)
			o[n++] = (struct argp_option){NULL, r->letter, form, OPTION_HIDDEN};
	}
	o[n] = (struct argp_option){0};
	return n;
}

/* A flag that does not exist, with the nearest one that does; argp would only say "unrecognized".
 */
static int refuse_unknown(int argc, char **argv, const struct argp_option *o, size_t n_options)
{
	const char *names[2 * RZ_CONF_ROWS_MAX + 8], *near;
	char flag[64];
	size_t n = 0, i;
	int a;

	for (i = 0; i < n_options; i++)
		if (o[i].name)
			names[n++] = o[i].name;
	names[n] = NULL;
	for (a = 1; a < argc; a++) {
		size_t len;

		if (strncmp(argv[a], "--", 2) || !argv[a][2])
			continue;
		len = strcspn(argv[a] + 2, "=");
		snprintf(flag, sizeof(flag), "%.*s", (int)(len < 60 ? len : 60), argv[a] + 2);
		for (i = 0; i < n && strncmp(names[i], flag, strlen(flag));
		     i++) /* a prefix may do for argp */
			;
		if (i < n)
			continue;
		near = rz_yaml_nearest(flag, names);
		if (near)
			return rz_err(-EINVAL, "settings: there is no --%s; did you mean --%s?",
				      flag, near);
		return rz_err(-EINVAL,
			      "settings: there is no --%s; `rezone run --help-all` lists them",
			      flag);
	}
	return 0;
}

/* Go's flags take one dash: -kafkaInterzoneLoadBalancingInterval=30s. */
static char **double_dashes(int argc, char **argv, char **ret_room)
{
	char **copy = calloc(argc + 1, sizeof(*copy)), *room;
	size_t i, size = 1;
	int a;

	for (a = 0; a < argc; a++)
		size += strlen(argv[a]) + 2;
	room = *ret_room = malloc(size);
	if (!room) {
		free(copy);
		return NULL;
	}
	for (a = 0; copy && a < argc; a++) {
		copy[a] = argv[a];
		for (i = 0; i < rz_conf_n_rows; i++) {
			const char *alias = rz_conf_rows[i].alias;

			if (!alias || argv[a][0] != '-' ||
			    strncmp(argv[a] + 1, alias, strlen(alias)))
				continue;
			copy[a] = room;
			room += sprintf(room, "-%s", argv[a]) + 1;
			break;
		}
	}
	return copy;
}

int rz_conf_flags_read(int argc, char **argv, struct rz_conf_flags *f)
{
	struct argp_option options[3 * RZ_CONF_ROWS_MAX + 8];
	struct argp argp = {.options = options, .parser = parse};
	size_t n = make_options(options);
	char **args = double_dashes(argc, argv, &f->room);
	int err = args ? refuse_unknown(argc, args, options, n) : -ENOMEM;

	argp_err_exit_status = 2;
	if (!err)
		err = argp_parse(&argp, argc, args, ARGP_NO_HELP, NULL, f) ? -EINVAL : 0;
	free(args);
	if (!err && f->markdown) {
		rz_conf_markdown(stdout);
		exit(0);
	}
	return err;
}
