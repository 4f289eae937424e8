/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `--describe`, a hidden option of every command: its options as lines that a program reads. The
 * manual pages and the completions are made from them (scripts/pages), so a command or an option
 * that is added is in both.
 *
 * A line is a word and its columns, with tabs between them:
 *	doc TEXT		what the command does
 *	after TEXT		what --help says behind the options
 *	argument FORM		what the command takes beside options
 *	group TITLE		of the options that follow
 *	option NAME LETTER ARG HOW TEXT [DEFAULT VARIABLE CHANGE]
 *				ARG: what stands for the value, "" for a switch; WORDS as a|b|c.
 *				HOW: "optional" if the value may be left out. The last three are
 *				those of a setting (conf/help.c prints them).
 *	alias NAME LETTER	another name of the option before
 */
#ifndef RZ_CMD_DESCRIBE_H
#define RZ_CMD_DESCRIBE_H

#include <argp.h>
#include <stdio.h>

void rz_describe(FILE *f, const struct argp *argp);

/* As an option's value: its words, one a line (rz_ask_word). */
#define RZ_DESCRIBE "--describe"

#endif
