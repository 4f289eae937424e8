// SPDX-License-Identifier: Apache-2.0
/*
 * The settings for people: `rezone run --help`, docs/configuration.md, and what the manual page is
 * made from, out of the table.
 *
 * Comes in: the rows. Goes out: text. Called by flags.c.
 */
#include <string.h>

#include "base/cleanup.h"
#include "conf/table.h"

#define COLUMN 29 /* where the texts begin */
#define WIDTH  79

/* Words, wrapped; `at` is the column that the line is in. */
static void print_words(FILE *f, const char *text, int at, int indent)
{
	while (*text) {
		int len = (int)strcspn(text, " ");

		if (at > indent && at + 1 + len > WIDTH) {
			fprintf(f, "\n%*s", indent, "");
			at = indent;
		} else if (at > indent) {
			putc(' ', f);
			at++;
		}
		fprintf(f, "%.*s", len, text);
		at += len;
		text += len + (text[len] == ' ');
	}
	putc('\n', f);
}

static void print_option(FILE *f, char letter, const char *name, const char *form, const char *text)
{
	char shown[] = {'-', letter, ',', 0};
	int at = fprintf(f, "  %-3s --%s%s%s", letter ? shown : "", name, *form ? "=" : "", form);

	if (at >= COLUMN) {
		putc('\n', f);
		at = 0;
	}
	fprintf(f, "%*s", COLUMN - at, "");
	print_words(f, text, COLUMN, COLUMN);
}

static void print_row(FILE *f, const struct rz_conf_row *r)
{
	_cleanup_free_ char *text = NULL;
	size_t size, i;
	FILE *t = open_memstream(&text, &size);

	if (!t)
		return;
	fputs(r->help, t);
	for (i = 0; r->words && r->words[i]; i++)
		fprintf(t, "%s%s", i ? "|" : ": ", r->words[i]);
	if (r->fallback)
		fprintf(t, " (default %s)", r->fallback);
	if (r->restart)
		fputs(" [restart]", t);
	if (!fclose(t))
		print_option(f, r->letter, r->name, rz_conf_form(r), text);
}

/* Has the section that begins with row `i` a setting that is shown? */
static bool is_shown(size_t i, bool all)
{
	do
		if (all || rz_conf_rows[i].common)
			return true;
	while (++i < rz_conf_n_rows && !rz_conf_rows[i].section);
	return false;
}

static const char about[] =
	"Tracks the Kafka connections of this node's agents and closes those that cross "
	"availability zones while an agent in the client's own zone is ready. Runs in the "
	"foreground, logs to stderr, ends on SIGTERM or SIGINT.";
static const char about_config[] =
	"a YAML file with these settings, _ for - in their names; flags and environment variables "
	"(REZONE_INTERVAL=10s) beat it";
#define ABOUT_VALUES                                                                       \
	"Durations are written as in Go: 30s, 1m30s, 500ms. A flag beats the environment " \
	"(REZONE_INTERVAL=10s), which beats the config file."
/* manual pages say of each setting how it changes, in words */
static const char about_values[] = ABOUT_VALUES;
static const char about_values_and_marks[] =
	ABOUT_VALUES " rezone takes a change of that file while it runs, but of a setting with "
		     "[restart] at its next start.";
static const struct {
	const char *name, *text;
} helps[] = {
	{"help", "the common settings (also -?)"},
	{"help-all", "all settings, as in docs/configuration.md"},
	{"usage", "the flags without their texts"},
};
#define N_HELPS (sizeof(helps) / sizeof(helps[0]))

/* Without `all` the common settings: one screen. */
void rz_conf_help(FILE *f, bool all)
{
	size_t i;

	fputs("Usage: rezone run [OPTION...]\n", f);
	print_words(f, about, 0, 0);
	putc('\n', f);
	print_option(f, 0, "config", "PATH", about_config);
	for (i = 0; i < rz_conf_n_rows; i++) {
		if (rz_conf_rows[i].section && is_shown(i, all))
			fprintf(f, "\n %s\n", rz_conf_rows[i].section);
		if (all || rz_conf_rows[i].common)
			print_row(f, &rz_conf_rows[i]);
	}
	putc('\n', f);
	for (i = 0; i < N_HELPS; i++)
		print_option(f, 0, helps[i].name, "", helps[i].text);
	putc('\n', f);
	print_words(f, about_values_and_marks, 0, 0);
}

static void describe_row(FILE *f, const struct rz_conf_row *r)
{
	char variable[64];
	size_t w;

	rz_conf_variable(r, variable, sizeof(variable));
	fprintf(f, "option\t%s\t%.*s\t", r->name, r->letter ? 1 : 0, &r->letter);
	for (w = 0; r->words && r->words[w]; w++)
		fprintf(f, "%s%s", w ? "|" : "", r->words[w]);
	fprintf(f, "%s\t\t%s\t%s\t%s\t%s\n", r->words ? "" : rz_conf_form(r), r->help,
		r->fallback ?: "", variable, r->restart ? "restart" : "");
}

void rz_conf_describe(FILE *f)
{
	size_t i;

	fprintf(f,
		"doc\t%s\nafter\t%s Exit status: 0 ended by a signal, 1 could not, 2 used "
		"wrongly.\n",
		about, about_values);
	fprintf(f, "option\tconfig\t\tPATH\t\t%s\t\tREZONE_CONFIG\trestart\n", about_config);
	for (i = 0; i < rz_conf_n_rows; i++) {
		if (rz_conf_rows[i].section)
			fprintf(f, "group\t%s\n", rz_conf_rows[i].section);
		describe_row(f, &rz_conf_rows[i]);
	}
	fputs("group\tHelp\n", f);
	for (i = 0; i < N_HELPS; i++)
		fprintf(f, "option\t%s\t\t\t\t%s\n", helps[i].name, helps[i].text);
}

static void markdown_row(FILE *f, const struct rz_conf_row *r)
{
	char variable[64];
	size_t w;

	rz_conf_variable(r, variable, sizeof(variable));
	fprintf(f, "| `--%s%s%s`", r->name, *rz_conf_form(r) ? " " : "", rz_conf_form(r));
	if (r->alias)
		fprintf(f, ", `-%s`", r->alias);
	fprintf(f, " | %s | `%s`", r->fallback ? r->fallback : "", variable);
	if (r->env)
		fprintf(f, ", `%s`", r->env);
	fprintf(f, " | %s | %s", r->restart ? "restart" : "at once", r->help);
	for (w = 0; r->words && r->words[w]; w++)
		fprintf(f, "%s`%s`", w ? ", " : " (", r->words[w]);
	fprintf(f, "%s |\n", r->words ? ")" : "");
}

void rz_conf_markdown(FILE *f)
{
	size_t i;

	fprintf(f,
		"# Settings of `rezone run`\n\n"
		"Made from the table in `user/conf/table.c` by `make docs`.\n\n"
		"A flag beats the environment, which beats the file named by `--config` (or "
		"`REZONE_CONFIG`), which\nbeats the default. The file is a YAML mapping with "
		"the same names, `_` for `-`. Durations are\nwritten as in Go: `30s`, `1m30s`, "
		"`500ms`. A setting that is a list may be a YAML list.\nHow the defaults were "
		"chosen: "
		"[policy.md](policy.md).\n\n"
		"The file may change while rezone runs ([operate.md](operate.md#change-settings)). "
		"The column\n*change* says whether another value is taken at once, or by a "
		"restart. `rezone config` shows the\nsettings that hold now.\n\n"
		"A variable that begins with `REZONE_` and is none of these sets nothing: a "
		"warning names the one\nthat was probably meant. What Kubernetes makes for a "
		"Service named rezone\n(`REZONE_PORT=tcp://...`) is ignored.\n");
	for (i = 0; i < rz_conf_n_rows; i++) {
		const struct rz_conf_row *r = &rz_conf_rows[i];

		if (r->section)
			fprintf(f,
				"\n## %s\n\n| flag | default | variable | change | meaning |\n"
				"|---|---|---|---|---|\n",
				r->section);
		markdown_row(f, r);
	}
}
