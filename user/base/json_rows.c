// SPDX-License-Identifier: Apache-2.0
/* Objects written key by key, see json_rows.h. */
#include "base/json_rows.h"

#include <math.h>
#include <string.h>

#include "base/json.h"

static void put(struct rz_json_rows *j, const char *s, size_t n)
{
	if (sizeof(j->text) - j->used < n) {
		fwrite(j->text, 1, j->used, j->f);
		j->used = 0;
	}
	if (n > sizeof(j->text))
		fwrite(s, 1, n, j->f);
	else
		memcpy(j->text + j->used, s, n);
	j->used += n > sizeof(j->text) ? 0 : n;
}

static void put_text(struct rz_json_rows *j, const char *s)
{
	put(j, s, strlen(s));
}

/* Where an element begins or ends, or a key begins. */
static void put_line(struct rz_json_rows *j, const char *line, const char *compact)
{
	put_text(j, j->compact ? compact : line);
}

/* A character of a text as jansson writes it. */
static void put_escaped(struct rz_json_rows *j, char c)
{
	static const char escapes[][2] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
					  {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};
	char text[8] = {'\\'};
	size_t i;

	for (i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
		if (c == escapes[i][0]) {
			text[1] = escapes[i][1];
			put(j, text, 2);
			return;
		}
	if (c & 0x80)
		snprintf(text, sizeof(text), "?");
	else
		snprintf(text, sizeof(text), "\\u%04X", (unsigned)c);
	put_text(j, text);
}

static bool is_plain(char c)
{
	return c >= ' ' && c != '"' && c != '\\' && !(c & 0x80);
}

static void put_quoted(struct rz_json_rows *j, const char *s)
{
	const char *from;

	put(j, "\"", 1);
	while (*s) {
		for (from = s; *s && is_plain(*s); s++)
			;
		put(j, from, (size_t)(s - from));
		if (*s)
			put_escaped(j, *s++);
	}
	put(j, "\"", 1);
}

static void put_key(struct rz_json_rows *j, const char *key)
{
	if (j->keys++)
		put(j, ",", 1);
	put_line(j, "\n  \"", "\"");
	put_text(j, key);
	put_line(j, "\": ", "\":");
}

/* Without printf, which is half of the time of a row. */
static void put_number(struct rz_json_rows *j, int64_t n)
{
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
	char text[24], *at = text + sizeof(text);

	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (n < 0)
		*--at = '-';
	put(j, at, (size_t)(text + sizeof(text) - at));
}

void rz_json_rows_begin(struct rz_json_rows *j, FILE *f, bool compact)
{
	j->f = f;
	j->compact = compact;
	j->n = j->used = 0;
	put(j, "[", 1);
}

void rz_json_rows_open(struct rz_json_rows *j)
{
	if (j->n++)
		put(j, ",", 1);
	j->keys = 0;
	put_line(j, "\n {", "{");
}

void rz_json_rows_string(struct rz_json_rows *j, const char *key, const char *s)
{
	put_key(j, key);
	if (s)
		put_quoted(j, s);
	else
		put(j, "null", 4);
}

void rz_json_rows_text(struct rz_json_rows *j, const char *key, const char *s)
{
	rz_json_rows_string(j, key, s && *s ? s : NULL);
}

void rz_json_rows_number(struct rz_json_rows *j, const char *key, int64_t n)
{
	put_key(j, key);
	put_number(j, n);
}

void rz_json_rows_bool(struct rz_json_rows *j, const char *key, bool known, bool is)
{
	put_key(j, key);
	put_text(j, !known ? "null" : is ? "true" : "false");
}

void rz_json_rows_seconds(struct rz_json_rows *j, const char *key, double s)
{
	int64_t tenths = s < 0 ? 0 : (int64_t)round(s * 10);

	put_key(j, key);
	if (s < 0) {
		put(j, "null", 4);
		return;
	}
	put_number(j, tenths / 10);
	put(j, ".", 1);
	put_number(j, tenths % 10);
}

void rz_json_rows_close(struct rz_json_rows *j, bool named)
{
	if (named && rz_json_node())
		rz_json_rows_string(j, "node", rz_json_node());
	put_line(j, "\n }", "}");
}

void rz_json_rows_end(struct rz_json_rows *j)
{
	if (j->n)
		put_line(j, "\n", "");
	put(j, "]\n", 2);
	fwrite(j->text, 1, j->used, j->f);
	j->used = 0;
}
