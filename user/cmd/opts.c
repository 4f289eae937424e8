// SPDX-License-Identifier: Apache-2.0
/* A command's options as a table, see opts.h. Each table becomes a parser of argp. */
#include "cmd/opts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

/* What the parser is given: the table, and where the values go. */
struct reading {
	const struct rz_command *command;
	void *input;
};

static int key_of(const struct rz_opt *row, size_t i)
{
	if (row->kind == RZ_OPT_KIND_ALIAS)
		return 0; /* argp: that of the row above */
	return row->letter ? row->letter : RZ_KEY_OWN + (int)i;
}

static const struct rz_opt *find(const struct rz_command *command, int key)
{
	const struct rz_opt *o;

	for (o = command->options; o && o->kind; o++) {
		if (key_of(o, (size_t)(o - command->options)) == key && key)
			return o;
	}
	return NULL;
}

static void set(const struct rz_opt *o, char *arg, struct argp_state *state, void *input)
{
	void *field = (char *)input + o->at;
	char flag[64];

	snprintf(flag, sizeof(flag), "--%s", o->name);
	switch (o->kind) {
	case RZ_OPT_KIND_FLAG:
		*(bool *)field = true;
		return;
	case RZ_OPT_KIND_TEXT:
		*(const char **)field = arg;
		return;
	case RZ_OPT_KIND_COUNT:
		*(unsigned long *)field = rz_ask_count(state, flag, arg);
		return;
	case RZ_OPT_KIND_WORD:
		*(int *)field = rz_ask_word(state, flag, arg, o->words);
		return;
	case RZ_OPT_KIND_TAKE:
		o->take(state, arg, input);
		return;
	case RZ_OPT_KIND_MOVED:
		rz_ask_moved(state, o->letter, flag);
		return;
	case RZ_OPT_KIND_ALIAS:
	case RZ_OPT_KIND_END:
		return;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const struct reading *r = state->input;
	const struct rz_command *c = r->command;
	const struct rz_opt *o = find(c, key);

	if (o) {
		set(o, arg, state, r->input);
		return 0;
	}
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = r->input; /* begins with a struct rz_ask */
		if (c->which)
			state->child_inputs[1] = (char *)r->input + c->which_at;
		return 0;
	case ARGP_KEY_ARG:
		if (c->word && !state->arg_num) {
			*(const char **)((char *)r->input + c->word_at) = arg;
			return 0;
		}
		argp_error(state, "%s: no argument is expected%s%s", arg, c->word_hint ? "; " : "",
			   c->word_hint ?: "");
		return 0;
	case ARGP_KEY_END:
		if (c->check)
			c->check(state, r->input);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct argp_option argp_of(const struct rz_opt *o, size_t i)
{
	struct argp_option ret = {o->name, key_of(o, i), o->arg, 0, o->help, 0};

	if (o->kind == RZ_OPT_KIND_ALIAS)
		ret.flags |= OPTION_ALIAS;
	if (o->arg_optional)
		ret.flags |= OPTION_ARG_OPTIONAL;
	if (o->hidden)
		ret.flags |= OPTION_HIDDEN;
	if (o->kind == RZ_OPT_KIND_MOVED) {
		ret.name = NULL;
		ret.flags |= OPTION_HIDDEN;
	}
	return ret;
}

void rz_opts_read(int argc, char **argv, const struct rz_command *command, struct rz_ask *input)
{
	const struct argp_child none = {0};
	const struct argp_child children[] = {rz_ask_children[0],
					      command->which ? *command->which : none, none};
	struct argp_option options[RZ_OPTS_MAX + 1] = {};
	struct argp argp = {.options = options,
			    .parser = parse,
			    .args_doc = command->word,
			    .doc = command->doc,
			    .children = children};
	struct reading r = {command, input};
	size_t i;

	for (i = 0; command->options && command->options[i].kind; i++) {
		if (i == RZ_OPTS_MAX)
			abort(); /* a mistake in the table, seen at its first run */
		options[i] = argp_of(&command->options[i], i);
	}
	rz_ask_defaults(input);
	if (argp_parse(&argp, argc, argv, 0, NULL, &r))
		exit(2); /* out of memory: mistakes end in argp_error() */
}

#define INTERVAL_MIN_NS 100000000ULL
#define INTERVAL_MAX_NS (24 * 3600 * 1000000000ULL)

const char *rz_opts_interval(const char *text, uint64_t *ret_ns)
{
	uint64_t ns;
	int err = rz_duration_parse(text, &ns);

	if (err && err != -ERANGE)
		return "is no duration";
	if (err || ns > INTERVAL_MAX_NS)
		return "is longer than a day";
	if (ns < INTERVAL_MIN_NS)
		return "is shorter than 100ms";
	*ret_ns = ns;
	return NULL;
}

void rz_opts_take_interval(struct argp_state *state, const char *option, const char *text,
			   uint64_t *ret_ns)
{
	const char *wrong = rz_opts_interval(text, ret_ns);

	if (wrong)
		argp_error(state,
			   "%s%s: the interval %s; give one from 100ms to 24h, as 2s or 1m30s",
			   option, text, wrong);
}
