// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the settings: defaults, then file, then environment, then flags; each later one wins. See
 * conf.h.
 */
#include "conf/conf.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/yaml.h"
#include "conf/table.h"
#include "source/kube.h"
#include "topo/zone.h"

#define KEY_ROW0     0x100 /* argp keys of the rows; above every character */
#define KEY_CONFIG   0x400
#define KEY_MARKDOWN 0x401
#define KEY_USAGE    0x402
#define KEY_HELP     '?'
#define ROWS_MAX     64

static int wrong(const char *where, const char *why)
{
	return rz_err(-EINVAL, "settings: %s: %s", where, why);
}

static int set_defaults(struct rz_conf *c)
{
	char why[256];
	size_t i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < rz_conf_n_rows; i++)
		if (rz_conf_rows[i].fallback &&
		    rz_conf_set(c, &rz_conf_rows[i], rz_conf_rows[i].fallback, why, sizeof(why)))
			return wrong(rz_conf_rows[i].name,
				     why); /* out of memory: the table is tested */
	return 0;
}

/* ---- flags ---- */

struct flags {
	const char *config;
	const char *values[ROWS_MAX]; /* as given, not yet read */
	bool markdown;
	char *room; /* arguments that double_dashes() wrote anew; values point into it */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flags *f = state->input;

	if (key >= KEY_ROW0 && key < KEY_ROW0 + ROWS_MAX) {
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
		rz_conf_help(stdout);
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

/* Fills options from the table: two for a row with an alias. What --help says is help.c's: argp
 * forgets the column that it is in behind some of the texts. */
static size_t make_options(struct argp_option *o)
{
	size_t i, n = 0;

	o[n++] = (struct argp_option){"config", KEY_CONFIG, "PATH"};
	o[n++] = (struct argp_option){"help-markdown", KEY_MARKDOWN, NULL, OPTION_HIDDEN};
	o[n++] = (struct argp_option){"help", KEY_HELP};
	o[n++] = (struct argp_option){"usage", KEY_USAGE};
	for (i = 0; i < rz_conf_n_rows; i++) {
		const struct rz_conf_row *r = &rz_conf_rows[i];
		const char *form = *rz_conf_form(r) ? rz_conf_form(r) : NULL;
		int key = KEY_ROW0 + (int)i;

		o[n++] = (struct argp_option){r->name, key, form};
		if (r->alias)
			o[n++] = (struct argp_option){r->alias, key, form, OPTION_HIDDEN};
	}
	o[n] = (struct argp_option){0};
	return n;
}

/* A flag that does not exist, with the nearest one that does; argp would only say "unrecognized".
 */
static int refuse_unknown(int argc, char **argv, const struct argp_option *o, size_t n_options)
{
	const char *names[2 * ROWS_MAX + 8], *near;
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
		return rz_err(-EINVAL, "settings: there is no --%s; `rezone run --help` lists them",
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

static int read_flags(int argc, char **argv, struct flags *f)
{
	struct argp_option options[3 * ROWS_MAX + 4];
	struct argp argp = {.options = options, .parser = parse};
	size_t n = make_options(options);
	char **args = double_dashes(argc, argv, &f->room);
	int err = args ? refuse_unknown(argc, args, options, n) : -ENOMEM;

	argp_err_exit_status = 2;
	if (!err)
		err = argp_parse(&argp, argc, args, ARGP_NO_HELP, NULL, f) ? -EINVAL : 0;
	free(args);
	return err;
}

static int set_from_flags(struct rz_conf *c, const struct flags *f)
{
	char where[64], why[512];
	size_t i;

	for (i = 0; i < rz_conf_n_rows; i++) {
		if (!f->values[i] ||
		    !rz_conf_set(c, &rz_conf_rows[i], f->values[i], why, sizeof(why)))
			continue;
		snprintf(where, sizeof(where), "--%s", rz_conf_rows[i].name);
		return wrong(where, why);
	}
	return 0;
}

static int check_whole(const struct rz_conf *c)
{
	struct rz_kube_spec specs[RZ_KUBE_GROUPS_MAX];
	char why[512];
	size_t n;

	if (rz_kube_specs_parse(c->kube_service, NULL, specs, &n, why, sizeof(why)))
		return wrong("--kube-service", why);
	if (rz_kube_specs_parse(c->kube_service, c->kube_selector, specs, &n, why, sizeof(why)))
		return wrong("--kube-selector", why);
	if (c->zone && !rz_zone_valid(c->zone, strlen(c->zone)))
		return wrong("--zone", "is no zone name; use " RZ_ZONE_FORM);
	if (c->cooldown_max_ns < c->cooldown_ns)
		return wrong("--cooldown-max", "is below --cooldown; raise it");
	return 0;
}

int rz_conf_read(int argc, char **argv, struct rz_conf *ret)
{
	struct flags f = {};
	struct rz_conf c;
	char why[640];
	int err = read_flags(argc, argv, &f);

	if (err) {
		free(f.room);
		return err;
	}
	if (f.markdown) {
		rz_conf_markdown(stdout);
		exit(0);
	}
	if (!f.config)
		f.config = getenv("REZONE_CONFIG");
	err = set_defaults(&c);
	if (!err && f.config) {
		err = rz_conf_file_read(&c, f.config, why, sizeof(why));
		if (err)
			rz_err(err, "settings: %s", why);
	}
	if (!err)
		err = rz_conf_environment_set(&c);
	if (!err)
		err = set_from_flags(&c, &f);
	if (!err)
		err = check_whole(&c);
	free(f.room);
	if (err) {
		rz_conf_free(&c);
		return err;
	}
	*ret = c;
	return 0;
}

static void free_text(char **text)
{
	free(*text);
	*text = NULL;
}

void rz_conf_free(struct rz_conf *c)
{
	size_t i;

	for (i = 0; i < rz_conf_n_rows; i++)
		if (rz_conf_is_text(&rz_conf_rows[i]))
			free_text((char **)((char *)c + rz_conf_rows[i].offset));
}
