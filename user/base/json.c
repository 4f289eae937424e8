// SPDX-License-Identifier: Apache-2.0
/* What all JSON is made of, see json.h. */
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <rezone/ipc.h>

#include "base/str.h"

/* 0.4 is 0.4, not 0.40000000000000002: a double has 15 digits that are what was meant. */
#define DIGITS 15

json_t *rz_json_text(const char *s)
{
	return s && *s ? json_string(s) : json_null();
}

json_t *rz_json_printable(const char *s)
{
	char text[2048];

	rz_str_printable(text, sizeof(text), s ?: "", s ? strlen(s) : 0);
	return rz_json_text(text);
}

json_t *rz_json_error(int err)
{
	const char *word = err ? strerrorname_np(-err) : NULL;

	return word ? json_string(word) : rz_json_number(err, err);
}

json_t *rz_json_number(bool known, int64_t n)
{
	return known ? json_integer(n) : json_null();
}

json_t *rz_json_seconds(double s)
{
	return s < 0 ? json_null() : json_real(round(s * 10) / 10);
}

json_t *rz_json_time(uint64_t unix_ns)
{
	char text[RZ_TIME_TEXT];

	if (!unix_ns)
		return json_null();
	rz_time_format(text, unix_ns);
	return json_string(text);
}

static char node[RZ_NODE_SIZE];

void rz_json_set_node(const char *name)
{
	rz_str_copy(node, sizeof(node), name);
}

const char *rz_json_node(void)
{
	return node[0] ? node : NULL;
}

/* What names its node itself keeps that. */
void rz_json_name_node(json_t *o)
{
	if (node[0] && json_is_object(o) && !json_object_get(o, "node"))
		json_object_set_new(o, "node", json_string(node));
}

static void name_nodes(json_t *all)
{
	json_t *o;
	size_t i;

	rz_json_name_node(all);
	json_array_foreach (all, i, o)
		rz_json_name_node(o);
}

static size_t form(bool compact)
{
	return (compact ? JSON_COMPACT : JSON_INDENT(1)) | JSON_REAL_PRECISION(DIGITS);
}

int rz_json_print(FILE *f, json_t *all, bool compact)
{
	int err;

	name_nodes(all);
	err = !all || json_dumpf(all, f, form(compact)) ? -ENOMEM : 0;

	putc('\n', f);
	json_decref(all);
	return err;
}
