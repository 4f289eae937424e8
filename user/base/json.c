// SPDX-License-Identifier: Apache-2.0
/* What all JSON is made of, see json.h. */
#include "base/json.h"

#include <errno.h>
#include <math.h>

#include <rezone/ipc.h>

#include "base/str.h"

/* 0.4 is 0.4, not 0.40000000000000002: a double has 15 digits that are what was meant. */
#define DIGITS 15

json_t *rz_json_text(const char *s)
{
	return s && *s ? json_string(s) : json_null();
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

/* ---- an array, element by element ---- */

static void flush(struct rz_json_array *a)
{
	fwrite(a->text, 1, a->used, a->f);
	a->used = 0;
}

static void put(struct rz_json_array *a, char c)
{
	if (a->used == sizeof(a->text))
		flush(a);
	a->text[a->used++] = c;
}

/* jansson gives a few bytes at a time. An element's lines stand one deeper in the array: no text of
 * JSON has a line's end in it. */
static int take(const char *piece, size_t size, void *arg)
{
	struct rz_json_array *a = arg;
	size_t i;

	for (i = 0; i < size; i++) {
		put(a, piece[i]);
		if (piece[i] == '\n')
			put(a, ' ');
	}
	return 0;
}

void rz_json_array_begin(struct rz_json_array *a, FILE *f, bool compact)
{
	a->f = f;
	a->compact = compact;
	a->n = a->used = 0;
	a->err = 0;
	put(a, '[');
}

void rz_json_array_add(struct rz_json_array *a, json_t *element)
{
	if (a->n++)
		put(a, ',');
	if (!a->compact)
		take("\n", 1, a);
	rz_json_name_node(element);
	if (!element || json_dump_callback(element, take, a, form(a->compact)))
		a->err = -ENOMEM;
	json_decref(element);
}

int rz_json_array_end(struct rz_json_array *a)
{
	if (a->n && !a->compact)
		put(a, '\n');
	put(a, ']');
	put(a, '\n');
	flush(a);
	return a->err;
}

/* ---- whole ---- */

int rz_json_print(FILE *f, json_t *all, bool compact)
{
	int err;

	name_nodes(all);
	err = !all || json_dumpf(all, f, form(compact)) ? -ENOMEM : 0;

	putc('\n', f);
	json_decref(all);
	return err;
}
