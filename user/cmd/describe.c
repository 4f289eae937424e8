// SPDX-License-Identifier: Apache-2.0
/*
 * A command's options as lines, see describe.h.
 *
 * Comes in: the argp of a command, which has all of its options in its children. Goes out: lines.
 * Called by ask.c.
 */
#include "cmd/describe.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static const char *letter_of(const struct argp_option *o, char dst[static 2])
{
	dst[0] = o->key > ' ' && o->key < 0x7f && isprint(o->key) ? (char)o->key : '\0';
	dst[1] = '\0';
	return dst;
}

static void describe_option(FILE *f, const struct argp_option *o)
{
	const char *how = o->flags & OPTION_ARG_OPTIONAL ? "optional" : "";
	char letter[2];

	if (o->flags & OPTION_HIDDEN)
		return;
	if (!o->name && !o->key)
		fprintf(f, "group\t%s\n", o->doc ?: "");
	else if (o->flags & OPTION_ALIAS)
		fprintf(f, "alias\t%s\t%s\n", o->name ?: "", letter_of(o, letter));
	else
		fprintf(f, "option\t%s\t%s\t%s\t%s\t%s\n", o->name ?: "", letter_of(o, letter),
			o->arg ?: "", how, o->doc ?: "");
}

/* argp's own mark between what stands before the options and behind them is \v. */
static void describe_doc(FILE *f, const char *doc)
{
	const char *after = strchr(doc, '\v');

	fprintf(f, "doc\t%.*s\n", (int)(after ? after - doc : (long)strlen(doc)), doc);
	if (after)
		fprintf(f, "after\t%s\n", after + 1);
}

static bool ends(const struct argp_option *o)
{
	return !o->name && !o->key && !o->doc && !o->group;
}

void rz_describe(FILE *f, const struct argp *argp)
{
	const struct argp_child *c;
	const struct argp_option *o;

	if (argp->doc)
		describe_doc(f, argp->doc);
	if (argp->args_doc)
		fprintf(f, "argument\t%s\n", argp->args_doc);
	for (o = argp->options; o && !ends(o); o++)
		describe_option(f, o);
	for (c = argp->children; c && c->argp; c++) {
		if (c->header)
			fprintf(f, "group\t%s\n", c->header);
		rz_describe(f, c->argp);
	}
}
