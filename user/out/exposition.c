// SPDX-License-Identifier: Apache-2.0
/* Prometheus' text, see exposition.h. */
#include "out/exposition.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>

static const char *const types[] = {"gauge", "counter", "histogram"};
_Static_assert(RZ_HISTOGRAM == 2, "a word for each type");

const char *rz_family_type_name(enum rz_family_type t)
{
	return types[t];
}

/* In HELP a double quote stays as it is; in a label's value it is escaped. */
static void print_escaped(FILE *f, const char *text, bool label)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '\\' || (label && c == '"'))
			fputc('\\', f);
		if (c == '\n')
			fputs("\\n", f);
		else
			fputc(c < 0x20 || c > 0x7e ? '?' : c, f);
	}
}

/* A whole number as one; else as many digits as it takes, and no noise of the last bits. */
static void print_number(FILE *f, double v)
{
	if (v == floor(v) && fabs(v) < 9007199254740992.0)
		fprintf(f, "%.0f", v);
	else
		fprintf(f, "%.15g", v);
}

struct rz_exposition rz_exposition_begin(FILE *f, const struct rz_family *family)
{
	fprintf(f, "# HELP %s ", family->name);
	print_escaped(f, family->help, false);
	fprintf(f, "\n# TYPE %s %s\n", family->name, rz_family_type_name(family->type));
	return (struct rz_exposition){f, family};
}

void rz_exposition_value(const struct rz_exposition *x, double value, ...)
{
	const char *const *label = x->family->labels;
	va_list ap;

	fputs(x->family->name, x->f);
	va_start(ap, value);
	for (; *label; label++) {
		fprintf(x->f, "%c%s=\"", label == x->family->labels ? '{' : ',', *label);
		print_escaped(x->f, va_arg(ap, const char *), true);
		fputc('"', x->f);
	}
	va_end(ap);
	fputs(label == x->family->labels ? " " : "} ", x->f);
	print_number(x->f, value);
	fputc('\n', x->f);
}

static void print_bucket(const struct rz_exposition *x, double bound, uint64_t below)
{
	fprintf(x->f, "%s_bucket{le=\"", x->family->name);
	if (isinf(bound))
		fputs("+Inf", x->f);
	else
		print_number(x->f, bound);
	fprintf(x->f, "\"} %llu\n", (unsigned long long)below);
}

void rz_exposition_histogram(const struct rz_exposition *x, const double *bounds,
			     const uint64_t *counts, size_t n_bounds, double sum)
{
	uint64_t below = 0;
	size_t i;

	for (i = 0; i <= n_bounds; i++) {
		below += counts[i];
		print_bucket(x, i < n_bounds ? bounds[i] : INFINITY, below);
	}
	fprintf(x->f, "%s_sum ", x->family->name);
	print_number(x->f, sum);
	fprintf(x->f, "\n%s_count %llu\n", x->family->name, (unsigned long long)below);
}
