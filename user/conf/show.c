// SPDX-License-Identifier: Apache-2.0
/*
 * Settings as text: a value as it would stand in the file, and where it is from. The other way is
 * table.c's.
 *
 * Comes in: struct rz_conf, the table. Goes out: text. Called by daemon/reload.c and cmd/config.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "conf/table.h"
#include "kern/conf_map.h"

static void format_ports(const struct rz_conf *c, char *dst, size_t size)
{
	size_t used = 0;
	uint16_t i;

	for (i = 0; i < c->n_ports && used < size; i++)
		used += snprintf(dst + used, size - used, "%s%u", i ? "," : "", c->ports[i]);
}

bool rz_conf_format(const struct rz_conf *c, const struct rz_conf_row *row,
		    char dst[static RZ_CONF_VALUE])
{
	const void *at = (const char *)c + row->offset;

	if (rz_conf_is_text(row)) {
		const char *text = *(char *const *)at;

		return rz_str_copy(dst, RZ_CONF_VALUE, text ? text : "");
	}
	switch (row->type) {
	case RZ_CONF_DURATION:
		rz_duration_format(dst, RZ_CONF_VALUE, *(const uint64_t *)at);
		break;
	case RZ_CONF_COUNT:
		snprintf(dst, RZ_CONF_VALUE, "%u", *(const uint32_t *)at);
		break;
	case RZ_CONF_RATE:
		snprintf(dst, RZ_CONF_VALUE, "%.15g", *(const double *)at);
		break;
	case RZ_CONF_BOOL:
		rz_str_copy(dst, RZ_CONF_VALUE, *(const bool *)at ? "true" : "false");
		break;
	case RZ_CONF_PORTS:
		format_ports(c, dst, RZ_CONF_VALUE);
		break;
	default:
		rz_str_copy(dst, RZ_CONF_VALUE, row->words[rz_conf_word_index(row, at)]);
		break;
	}
	return true;
}

void rz_conf_format_from(const struct rz_conf *c, const struct rz_conf_row *row, const char *file,
			 char *dst, size_t size)
{
	char variable[80];

	switch (c->from[row - rz_conf_rows]) {
	case RZ_CONF_FILE:
		snprintf(dst, size, "file %s", file ? file : "");
		break;
	case RZ_CONF_ENVIRONMENT:
		rz_conf_variable(row, variable, sizeof(variable));
		snprintf(dst, size, "variable %s", variable);
		break;
	case RZ_CONF_FLAG:
		snprintf(dst, size, "flag --%s", row->name);
		break;
	default:
		rz_str_copy(dst, size, "default");
		break;
	}
}

/* Texts may be longer than what is shown. */
static const char *text_of(const struct rz_conf *c, const struct rz_conf_row *row)
{
	const char *text = *(char *const *)((const char *)c + row->offset);

	return text ? text : "";
}

bool rz_conf_differs(const struct rz_conf *a, const struct rz_conf *b,
		     const struct rz_conf_row *row)
{
	char x[RZ_CONF_VALUE], y[RZ_CONF_VALUE];

	if (rz_conf_is_text(row))
		return strcmp(text_of(a, row), text_of(b, row)) != 0;
	rz_conf_format(a, row, x);
	rz_conf_format(b, row, y);
	return strcmp(x, y) != 0;
}

void rz_conf_keep(struct rz_conf *to, struct rz_conf *from, const struct rz_conf_row *row)
{
	void *a = (char *)to + row->offset, *b = (char *)from + row->offset;
	char value[RZ_CONF_VALUE], why[512], *text;

	to->from[row - rz_conf_rows] = from->from[row - rz_conf_rows];
	if (!rz_conf_is_text(row)) {
		rz_conf_format(from, row, value);
		rz_conf_set(to, row, value, why, sizeof(why)); /* it was one: it is one */
		return;
	}
	text = *(char **)a;
	*(char **)a = *(char **)b;
	*(char **)b = text;
}

static void fill_row(const struct rz_conf *c, const struct rz_conf_row *row, const char *file,
		     struct rz_conf_map_row *r)
{
	char value[RZ_CONF_VALUE], *p;
	bool whole = rz_conf_format(c, row, value);

	whole &= rz_str_copy(r->value, sizeof(r->value), value);
	if (!whole)
		memcpy(r->value + sizeof(r->value) - 4, "...", 4);
	rz_str_copy(r->name, sizeof(r->name), row->name);
	for (p = r->name; *p; p++)
		*p = *p == '-' ? '_' : *p;
	rz_conf_format_from(c, row, file, r->from, sizeof(r->from));
	r->restart = row->restart;
	r->by_default = c->from[row - rz_conf_rows] == RZ_CONF_DEFAULT;
}

int rz_conf_texts(const struct rz_conf *c, const char *file, struct rz_conf_map_row **ret,
		  size_t *ret_n)
{
	struct rz_conf_map_row *rows = calloc(RZ_CONF_MAP_ROWS, sizeof(*rows));
	size_t i;

	_Static_assert(RZ_CONF_MAP_ROWS >= RZ_CONF_ROWS_MAX, "a row for each setting");
	if (!rows)
		return rz_err(-ENOMEM, "settings: out of memory");
	for (i = 0; i < rz_conf_n_rows; i++)
		fill_row(c, &rz_conf_rows[i], file, &rows[i]);
	*ret = rows;
	*ret_n = rz_conf_n_rows;
	return 0;
}
