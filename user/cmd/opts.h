/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command's options as a table: a row says what the option is called, what --help says of it, and
 * into which field of the command's input its value goes. Comes in: a struct rz_command and argv.
 * Goes out: the input, filled. Called by the commands.
 *
 *	struct ask {
 *		struct rz_ask common; // first
 *		const char *file;
 *		bool changed;
 *	};
 *	static const struct rz_opt options[] = {
 *		{"file", 'f', "PATH", RZ_OPT_TEXT(struct ask, file), "read this file instead"},
 *		{"changed", 0, NULL, RZ_OPT_FLAG(struct ask, changed), "only what was changed"},
 *		{},
 *	};
 *	static const struct rz_command command = {.options = options, .doc = "Shows ..."};
 *	...
 *	rz_opts_read(argc, argv, &command, &a.common);
 */
#ifndef RZ_CMD_OPTS_H
#define RZ_CMD_OPTS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/ask.h"

enum rz_opt_kind {
	RZ_OPT_KIND_END,   /* the row behind the last */
	RZ_OPT_KIND_FLAG,  /* a bool, set to true */
	RZ_OPT_KIND_TEXT,  /* a const char * */
	RZ_OPT_KIND_COUNT, /* an unsigned long above 0 */
	RZ_OPT_KIND_WORD,  /* an int: the index among `words` */
	RZ_OPT_KIND_TAKE,  /* whatever take() makes of it */
	RZ_OPT_KIND_ALIAS, /* another name of the row above */
	RZ_OPT_KIND_MOVED, /* a letter that was the short form of --name until now: refused */
};

/* The kind, and the field it fills, whose type is checked. */
#define RZ_OPT_FIELD_(kind, type, field, c_type)                                                   \
	kind, offsetof(type, field) +                                                              \
		      0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type *)0)->field), \
								   c_type)                         \
					      ? 1                                                  \
					      : -1])
#define RZ_OPT_FLAG(type, field)  RZ_OPT_FIELD_(RZ_OPT_KIND_FLAG, type, field, bool)
#define RZ_OPT_TEXT(type, field)  RZ_OPT_FIELD_(RZ_OPT_KIND_TEXT, type, field, const char *)
#define RZ_OPT_COUNT(type, field) RZ_OPT_FIELD_(RZ_OPT_KIND_COUNT, type, field, unsigned long)
#define RZ_OPT_WORD(type, field)  RZ_OPT_FIELD_(RZ_OPT_KIND_WORD, type, field, int)
#define RZ_OPT_TAKE		  RZ_OPT_KIND_TAKE, 0
#define RZ_OPT_ALIAS		  RZ_OPT_KIND_ALIAS, 0
#define RZ_OPT_MOVED		  RZ_OPT_KIND_MOVED, 0

struct rz_opt {
	const char *name;
	char letter;	 /* 0: it has none */
	const char *arg; /* what --help calls its value; NULL: it has none */
	enum rz_opt_kind kind;
	size_t at; /* of the field in the input */
	const char *help;
	const char *const *words; /* WORD; NULL-terminated */
	/* TAKE: `input` is the command's; ends a mistake by argp_error() */
	void (*take)(struct argp_state *state, char *arg, void *input);
	bool arg_optional; /* then take() is given NULL */
	bool hidden;	   /* not in --help: for rezone itself, or for its docs */
};

/* A command as its options see it. The input begins with a struct rz_ask (ask.h), whose options
 * every command has. */
struct rz_command {
	const struct rz_opt *options; /* NULL: none of its own */
	const char *doc;
	const char *word_hint; /* what a word that is no option is told, if more than that */
	/* NULL, or what --help calls the one word that the command takes beside options, and where
	 * in the input it goes: a const char * */
	const char *word;
	size_t word_at;
	/* NULL, or options that another module reads, and where in the input they go. */
	const struct argp_child *which;
	size_t which_at;
	/* NULL, or: asked once all options are read, ends a mistake by argp_error() */
	void (*check)(struct argp_state *state, const void *input);
};

enum { RZ_OPTS_MAX = 16 }; /* rows of one command */

/* Fills the input, exits on a mistake (status 2) and on --help. The common options get their
 * defaults here, the command's own before by the caller. */
void rz_opts_read(int argc, char **argv, const struct rz_command *command, struct rz_ask *input);

/* At which interval a command shows itself again: from 100ms to 24h. `option`: as it was written,
 * up to its value ("--watch="). Ends a mistake by argp_error(). */
void rz_opts_take_interval(struct argp_state *state, const char *option, const char *text,
			   uint64_t *ret_ns);
/* The same as a question: NULL, or what is wrong with it; *ret_ns is written on success only. */
const char *rz_opts_interval(const char *text, uint64_t *ret_ns);

#endif
