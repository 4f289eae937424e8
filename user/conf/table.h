/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings as a table: one row a key. Flags (conf.c), environment, config file (conf_file.c),
 * --help and docs/configuration.md (help.c) are all made from it.
 */
#ifndef RZ_CONF_TABLE_H
#define RZ_CONF_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "conf/conf.h"

enum rz_conf_type {
	RZ_CONF_PATH,	/* char * */
	RZ_CONF_TEXT,	/* char *, checked as a whole by conf.c */
	RZ_CONF_BLOCKS, /* char *, checked by rz_blocks_parse */
	RZ_CONF_KEYS,	/* char *, comma-separated keys of a client.id */
	RZ_CONF_CHARS,	/* char *, a few characters */
	RZ_CONF_GLOBS,	/* char *, these three checked by rz_exclude_new */
	RZ_CONF_CIDRS,
	RZ_CONF_ZONES,
	RZ_CONF_PRICE,
	RZ_CONF_DURATION, /* uint64_t, ns; Go form */
	RZ_CONF_COUNT,	  /* uint32_t */
	RZ_CONF_RATE,	  /* double */
	RZ_CONF_BOOL,	  /* bool */
	RZ_CONF_PORTS,	  /* uint16_t[RZ_PORTS_MAX] and n_ports */
	RZ_CONF_WORD,	  /* an enum, by a list of words */
};

struct rz_conf_row {
	const char *name; /* the flag; with _ for - the key in the file; upper case with REZONE_ the
			     variable */
	enum rz_conf_type type;
	size_t offset;	      /* in struct rz_conf */
	double min, max;      /* of a number; seconds for a duration; max of a text, see below */
	const char *fallback; /* the default, as text; NULL: none */
	const char *const *words; /* of RZ_CONF_WORD, NULL-terminated, in the enum's order */
	const char *alias;	  /* another flag's name, for WarpStream's */
	const char *env;	  /* another variable's name, likewise */
	const char *help;	  /* stands alone: names the subject, the unit, why the default */
	bool narrow;		  /* of a word: the enum is of one byte (ABI), else of an int */
	bool common;		  /* stands in --help, not only in --help-all */
	bool restart;		  /* a change takes a restart */
	char letter;		  /* the short form of the flag, 0: none */
	const char *list;	  /* of a text: what separates its parts, NULL: it is no list */
	const char *section; /* title of the section that begins with this row, NULL: goes on */
};

#define RZ_CONF_MAY_BE_EMPTY 1 /* as max of a text */

extern const struct rz_conf_row rz_conf_rows[];
extern const size_t rz_conf_n_rows;

const struct rz_conf_row *rz_conf_row_find(const char *name, size_t len);

/* value.c: sets one key from text. 0, or -EINVAL with what is wrong and how to mend it in `why`. */
int rz_conf_set(struct rz_conf *c, const struct rz_conf_row *row, const char *text, char *why,
		size_t why_size);

/* Which of its words a row of RZ_CONF_WORD has at `at`. */
int rz_conf_word_index(const struct rz_conf_row *row, const void *at);
bool rz_conf_is_text(const struct rz_conf_row *row); /* its value is a char * of its own */

/* What stands for a row's value in help, e.g. "DURATION"; "" for a switch. */
const char *rz_conf_form(const struct rz_conf_row *row);

/* Reads a config file's text into `c`; `path` names it in messages. 0, or -errno with one line in
 * `why`. */
int rz_conf_file_read(struct rz_conf *c, const char *path, const struct rz_conf_text *file,
		      char *why, size_t why_size);

/* ---- flags.c ---- */
struct rz_conf_flags {
	const char *config;
	const char *values[RZ_CONF_ROWS_MAX]; /* as given, not yet read; NULL: not given */
	bool markdown;
	char *room; /* arguments that were written anew; values point into it */
};
/* 0 or -EINVAL, logged. */
int rz_conf_flags_read(int argc, char **argv, struct rz_conf_flags *f);

/* ---- show.c: settings as text ---- */
/* As it would stand in the file; "" for one that has no value. dst of RZ_CONF_VALUE bytes; false:
 * it was cut. */
#define RZ_CONF_VALUE 4096
bool rz_conf_format(const struct rz_conf *c, const struct rz_conf_row *row,
		    char dst[static RZ_CONF_VALUE]);
/* Where it is from, by name: "default", "file /etc/x.yaml", "variable REZONE_MODE", "flag --mode".
 */
void rz_conf_format_from(const struct rz_conf *c, const struct rz_conf_row *row, const char *file,
			 char *dst, size_t size);
/* Is the value of a row another one? */
bool rz_conf_differs(const struct rz_conf *a, const struct rz_conf *b,
		     const struct rz_conf_row *row);
/* Gives `to` the value that `from` has. A text changes hands: who points to it goes on doing so,
 * and `from` has the other one. */
void rz_conf_keep(struct rz_conf *to, struct rz_conf *from, const struct rz_conf_row *row);

/* REZONE_KEEP_PINS of keep-pins. */
void rz_conf_variable(const struct rz_conf_row *row, char *dst, size_t size);

/* Sets what the environment says (environment.c). 0, or -EINVAL with one line in `why`. */
int rz_conf_environment_set(struct rz_conf *c, char *why, size_t why_size);

/* What a variable is. `near` is filled for UNKNOWN: the setting's variable that was meant, or "".
 */
#define RZ_CONF_VARIABLE_SIZE 80
enum rz_conf_variable_kind {
	RZ_CONF_VARIABLE_OTHERS,       /* does not begin with REZONE_ */
	RZ_CONF_VARIABLE_SETTING,      /* one of ours */
	RZ_CONF_VARIABLE_SERVICE_LINK, /* made by Kubernetes for a Service named rezone... */
	RZ_CONF_VARIABLE_UNKNOWN,      /* looks like a setting, and is none */
};
enum rz_conf_variable_kind rz_conf_variable_judge(const char *name, const char *value,
						  char near[static RZ_CONF_VARIABLE_SIZE]);

/* help.c: the whole table as `rezone run --help`, as docs/configuration.md, and as lines that a
 * program reads (cmd/describe.h has their form). */
void rz_conf_help(FILE *f, bool all);
void rz_conf_markdown(FILE *f);
void rz_conf_describe(FILE *f);

#endif
