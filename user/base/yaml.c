// SPDX-License-Identifier: Apache-2.0
/* Walking a YAML document, see yaml.h. */
#include "base/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define WORD_MAX 64

/*
 * What libyaml does for these grows with their square: nesting (each token looks at every open
 * bracket), anchors and aliases (each is compared with all before it), %TAG lines. A few kilobytes
 * would keep the daemon's one thread busy for minutes, so they are refused before they are many.
 */
#define DEPTH_MAX      16
#define ANCHORS_MAX    64
#define ALIASES_MAX    4096
#define DIRECTIVES_MAX 2
#define EVENTS_MAX     (4u << 20) /* twice what a full topology has */

static int fail_at(struct rz_yaml *y, yaml_mark_t mark, const char *text)
{
	char safe[512];

	if (!y->failed) {
		rz_str_escape(safe, sizeof(safe), text, strlen(text));
		snprintf(y->why, y->why_size, "%s:%zu:%zu: %s", y->name, mark.line + 1,
			 mark.column + 1, safe);
	}
	y->failed = true;
	return -EINVAL;
}

int rz_yaml_fail(struct rz_yaml *y, const yaml_node_t *node, const char *fmt, ...)
{
	yaml_mark_t start = {};
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fail_at(y, node ? node->start_mark : start, text);
}

static int fail_syntax(struct rz_yaml *y, const yaml_parser_t *p)
{
	char text[400];

	/* reader errors (not UTF-8, control characters) have an offset only */
	if (p->error == YAML_READER_ERROR) {
		snprintf(text, sizeof(text),
			 "not readable as UTF-8 text at byte %zu (%s); save the file as "
			 "plain UTF-8",
			 p->problem_offset, p->problem ? p->problem : "?");
		return fail_at(y, p->mark, text);
	}
	snprintf(text, sizeof(text),
		 "not valid YAML: %s%s%s; check brackets, quotes and indentation here",
		 p->problem ? p->problem : "syntax error", p->context ? " " : "",
		 p->context ? p->context : "");
	return fail_at(y, p->problem_mark, text);
}

static int parser_begin(yaml_parser_t *p, const char *text, size_t len)
{
	if (!yaml_parser_initialize(p))
		return -ENOMEM;
	yaml_parser_set_encoding(p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(p, (const unsigned char *)text, len);
	return 0;
}

/* Lines that begin with '%'. libyaml reads all of them before it says anything. */
static size_t count_directives(const char *text, size_t len)
{
	const char *end = text + len, *line = text;
	size_t n = 0;

	while (line < end) {
		n += *line == '%';
		line = memchr(line, '\n', end - line);
		if (!line)
			break;
		line++;
	}
	return n;
}

/* How much of each there was up to an event. */
struct tally {
	unsigned depth, anchors, aliases, events;
};

/* Counts an event; what is too much of, or NULL. */
static const char *count_event(struct tally *c, const yaml_event_t *e)
{
	c->events++;
	switch (e->type) {
	case YAML_MAPPING_START_EVENT:
		c->depth++;
		c->anchors += e->data.mapping_start.anchor != NULL;
		break;
	case YAML_SEQUENCE_START_EVENT:
		c->depth++;
		c->anchors += e->data.sequence_start.anchor != NULL;
		break;
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		c->depth--;
		break;
	case YAML_SCALAR_EVENT:
		c->anchors += e->data.scalar.anchor != NULL;
		break;
	case YAML_ALIAS_EVENT:
		c->aliases++;
		break;
	default:
		break;
	}
	return c->depth > DEPTH_MAX	  ? "more than 16 levels of lists and mappings"
	       : c->anchors > ANCHORS_MAX ? "more than 64 anchors (&)"
	       : c->aliases > ALIASES_MAX ? "more than 4096 aliases (*)"
	       : c->events > EVENTS_MAX	  ? "more values than any topology has"
					  : NULL;
}

/* Reads through the text without keeping any of it, until its end or the first thing too many. */
static int check_bounds(struct rz_yaml *y, const char *text, size_t len)
{
	struct tally c = {};
	const char *much = NULL;
	yaml_event_t e;
	yaml_parser_t p;
	bool more = true;
	int err = 0;

	if (count_directives(text, len) > DIRECTIVES_MAX)
		return rz_yaml_fail(y, NULL, "more than 2 lines that begin with %%; remove them");
	if (parser_begin(&p, text, len))
		return -ENOMEM;
	while (!err && more) {
		if (!yaml_parser_parse(&p, &e)) {
			err = fail_syntax(y, &p);
			break;
		}
		more = e.type != YAML_STREAM_END_EVENT;
		much = count_event(&c, &e);
		if (much)
			err = fail_at(y, e.start_mark, much);
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&p);
	return err;
}

int rz_yaml_load(struct rz_yaml *y, const char *name, const char *text, size_t len, char *why,
		 size_t why_size)
{
	yaml_parser_t p;
	yaml_document_t more;
	int err;

	*y = (struct rz_yaml){.name = name, .why = why, .why_size = why_size};
	err = check_bounds(y, text, len);
	if (!err)
		err = parser_begin(&p, text, len);
	if (err)
		return err;
	if (!yaml_parser_load(&p, &y->doc)) {
		err = fail_syntax(y, &p);
	} else {
		y->loaded = true;
		if (!yaml_parser_load(&p, &more)) {
			err = fail_syntax(y, &p);
		} else {
			if (yaml_document_get_root_node(&more))
				err = rz_yaml_fail(
					y, yaml_document_get_root_node(&more),
					"a second document begins here; a file holds one, remove "
					"the ---");
			yaml_document_delete(&more);
		}
	}
	yaml_parser_delete(&p);
	return err;
}

void rz_yaml_free(struct rz_yaml *y)
{
	if (y->loaded)
		yaml_document_delete(&y->doc);
	y->loaded = false;
}

yaml_node_t *rz_yaml_root(struct rz_yaml *y)
{
	return yaml_document_get_root_node(&y->doc);
}

static bool has_nul(const yaml_node_t *n)
{
	return memchr(n->data.scalar.value, 0, n->data.scalar.length) != NULL;
}

/* YAML 1.1 and 1.2 write "no value" in these ways, and by the tag !!null. In quotes they are text.
 */
bool rz_yaml_is_null(const yaml_node_t *n)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	size_t i;

	if (n->type != YAML_SCALAR_NODE)
		return false;
	if (n->tag && !strcmp((const char *)n->tag, YAML_NULL_TAG))
		return true;
	if (n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		if (!strcmp((const char *)n->data.scalar.value, nulls[i]) && !has_nul(n))
			return true;
	return false;
}

const char *rz_yaml_scalar(struct rz_yaml *y, const yaml_node_t *node, const char *what)
{
	if (rz_yaml_is_null(node)) {
		rz_yaml_fail(y, node,
			     "%s is null, which is no value; write one, or \"null\" in quotes if "
			     "that is its name",
			     what);
		return NULL;
	}
	if (node->type != YAML_SCALAR_NODE || has_nul(node)) {
		rz_yaml_fail(y, node, "%s must be a single value; write %s: VALUE", what, what);
		return NULL;
	}
	return (const char *)node->data.scalar.value;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits that turn a into b, at most WORD_MAX bytes of each (Levenshtein). Two neighbours that
 * changed places are one edit: the commonest slip of all. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1][WORD_MAX + 1], la = strlen(a), lb = strlen(b), i, j;

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (i = 0; i <= la; i++)
		for (j = 0; j <= lb; j++) {
			if (!i || !j) {
				row[i][j] = i + j;
				continue;
			}
			row[i][j] = least(row[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
					  least(row[i - 1][j], row[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[i][j] = least(row[i][j], row[i - 2][j - 2] + 1);
		}
	return row[la][lb];
}

const char *rz_yaml_nearest(const char *text, const char *const *known)
{
	const char *best = NULL;
	size_t best_d = 2 * (strlen(text) / 3 + 2);

	for (; *known; known++) {
		/* of two that are as near, the one as long: letters change places more often */
		size_t d = 2 * distance(text, *known) + (strlen(text) != strlen(*known));

		/* where more than half of the word would change, another one was meant */
		if (d < best_d && 2 * (d / 2) <= strlen(text)) {
			best_d = d;
			best = *known;
		}
	}
	return best;
}

static int unknown_key(struct rz_yaml *y, const yaml_node_t *node, const char *key,
		       const char *what, const char *const *keys)
{
	const char *near = rz_yaml_nearest(key, keys);
	char all[256] = "";
	size_t at = 0;

	if (near)
		return rz_yaml_fail(y, node, "%s has no key \"%s\"; did you mean \"%s\"?", what,
				    key, near);
	for (; *keys && at < sizeof(all); keys++)
		at += snprintf(all + at, sizeof(all) - at, "%s%s", at ? ", " : "", *keys);
	return rz_yaml_fail(y, node, "%s has no key \"%s\"; it has %s", what, key, all);
}

static bool is_among(const char *key, const char *const *keys)
{
	for (; *keys; keys++)
		if (!strcmp(key, *keys))
			return true;
	return false;
}

/* The pair before `end` with the same key, if any. */
static bool seen_before(struct rz_yaml *y, const yaml_node_t *m, const yaml_node_pair_t *end,
			const char *key)
{
	const yaml_node_pair_t *p;

	for (p = m->data.mapping.pairs.start; p < end; p++) {
		const yaml_node_t *k = yaml_document_get_node(&y->doc, p->key);

		if (k->type == YAML_SCALAR_NODE && !strcmp((const char *)k->data.scalar.value, key))
			return true;
	}
	return false;
}

int rz_yaml_mapping(struct rz_yaml *y, yaml_node_t *node, const char *what, const char *const *keys)
{
	const yaml_node_pair_t *p;

	if (node->type != YAML_MAPPING_NODE)
		return rz_yaml_fail(y, node, "%s must be a mapping; write it as { %s: ... }", what,
				    keys[0]);
	for (p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *k = yaml_document_get_node(&y->doc, p->key);
		const char *key = rz_yaml_scalar(y, k, "key");

		if (!key)
			return -EINVAL;
		if (!is_among(key, keys))
			return unknown_key(y, k, key, what, keys);
		if (seen_before(y, node, p, key))
			return rz_yaml_fail(y, k, "key \"%s\" stands twice in %s; remove one", key,
					    what);
	}
	return 0;
}

yaml_node_t *rz_yaml_get(struct rz_yaml *y, yaml_node_t *mapping, const char *key)
{
	yaml_node_t *n = rz_yaml_find(y, mapping, key);

	return n && !rz_yaml_is_null(n) ? n : NULL;
}

yaml_node_t *rz_yaml_find(struct rz_yaml *y, yaml_node_t *mapping, const char *key)
{
	const yaml_node_pair_t *p;

	for (p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top; p++) {
		const yaml_node_t *k = yaml_document_get_node(&y->doc, p->key);

		if (k->type == YAML_SCALAR_NODE && !strcmp((const char *)k->data.scalar.value, key))
			return yaml_document_get_node(&y->doc, p->value);
	}
	return NULL;
}
