// SPDX-License-Identifier: Apache-2.0
/* What the API server answers around slices: list pages, watch events, errors; see slice.h. Pure.
 */
#include "source/slice_json.h"
#include "topo/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

#define PAGE_SLICES_MAX 65536
#define TOKEN_MAX	65536

/* The four hex digits of a \u escape, -1 if they are none. */
static int escape_at(const char *p, const char *end)
{
	char digits[5] = "";

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	memcpy(digits, p + 2, 4);
	if (strspn(digits, "0123456789abcdefABCDEF") != 4)
		return -1;
	return (int)strtol(digits, NULL, 16);
}

/*
 * Annotations hold any text. jansson refuses \u0000 and half a surrogate pair, and with them the
 * whole answer; Go, which wrote it, reads such a half as U+FFFD, and so do we for both. A copy to
 * be freed, or NULL if there is nothing to mend (or no memory: then it is refused).
 */
static char *mend_escapes(const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	char *copy = NULL;

	while ((p = memchr(p, '\\', end - p))) {
		int v = escape_at(p, end);
		int low = v >= 0xd800 && v < 0xdc00 ? escape_at(p + 6, end) : 0;

		if (low >= 0xdc00 && low < 0xe000) {
			p += 12;
			continue;
		}
		if (v == 0 || (v >= 0xd800 && v < 0xe000)) {
			if (!copy) {
				copy = malloc(len);
				if (!copy)
					return NULL;
				memcpy(copy, text, len);
			}
			memcpy(copy + (p - text) + 2, "fffd", 4);
		}
		p += v < 0 ? (end - p < 2 ? 1 : 2) : 6;
	}
	return copy;
}

/* What an answer begins with, for a line that says it is no JSON. */
static json_t *load(struct rz_kube_reader *r, const char *text, size_t len)
{
	char start[64];
	json_error_t e;
	_cleanup_free_ char *mended = mend_escapes(text, len);
	json_t *j = json_loadb(mended ? mended : text, len, JSON_REJECT_DUPLICATES, &e);

	if (j && json_is_object(j))
		return j;
	rz_str_escape(start, sizeof(start), text, len < 40 ? len : 40);
	if (j)
		rz_kube_bad(r, "is %s, must be a JSON object", rz_kube_type_name(j));
	else
		rz_kube_bad(
			r,
			"is no JSON: line %d column %d: %.120s; %zu bytes, they begin with \"%s\"",
			e.line, e.column, e.text, len, start);
	json_decref(j);
	return NULL;
}

void rz_kube_page_free(struct rz_kube_page *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; i < p->n; i++)
		rz_kube_slice_free(p->slices[i]);
	free(p->slices);
	free(p->next);
	free(p);
}

static int take_list_meta(struct rz_kube_reader *r, const json_t *root, struct rz_kube_page *p)
{
	const json_t *meta = json_object_get(root, "metadata");
	const json_t *next = json_object_get(meta, "continue");
	int err;

	if (!json_is_object(meta))
		return rz_kube_bad(r, "metadata is %s, must be an object; this is no list",
				   rz_kube_type_name(meta));
	err = rz_kube_text(r, meta, "resourceVersion", p->version, sizeof(p->version));
	if (err)
		return err;
	if (!*p->version)
		return rz_kube_bad(r, "metadata.resourceVersion is missing; this is no list");
	if (rz_kube_absent(next) || (json_is_string(next) && !json_string_length(next)))
		return 0;
	if (!json_is_string(next) || json_string_length(next) > TOKEN_MAX)
		return rz_kube_bad(r, "metadata.continue is %s, must be a short string",
				   json_is_string(next) ? "too long" : rz_kube_type_name(next));
	p->next = strdup(json_string_value(next));
	return p->next ? 0 : -ENOMEM;
}

typedef int (*item_fn)(struct rz_kube_reader *r, const json_t *obj, struct rz_kube_slice **ret);

static int take_items(struct rz_kube_reader *r, const json_t *root, item_fn item,
		      struct rz_kube_page *p)
{
	const json_t *items = json_object_get(root, "items");
	size_t i, n;
	int err = 0;

	if (rz_kube_absent(items) && json_object_get(root, "items"))
		return 0; /* null: an empty list */
	if (!json_is_array(items))
		return rz_kube_bad(r, "items is %s, must be a list", rz_kube_type_name(items));
	n = json_array_size(items);
	if (n > PAGE_SLICES_MAX)
		return rz_kube_bad(r, "%zu items on one page are more than %d", n, PAGE_SLICES_MAX);
	p->slices = calloc(n + 1, sizeof(struct rz_kube_slice *));
	if (!p->slices)
		return -ENOMEM;
	for (i = 0; i < n && !err; i++) {
		snprintf(r->what, sizeof(r->what), "items[%zu]", i);
		if (!json_is_object(json_array_get(items, i)))
			return rz_kube_bad(r, "is %s, must be an object",
					   rz_kube_type_name(json_array_get(items, i)));
		err = item(r, json_array_get(items, i), &p->slices[p->n]);
		if (!err)
			p->n++;
	}
	return err;
}

static int parse_page(const char *text, size_t len, const struct rz_kube_form *form, item_fn item,
		      struct rz_kube_page **ret, char *why)
{
	struct rz_kube_reader r = {.form = form, .why = why};
	struct rz_kube_page *p = calloc(1, sizeof(*p));
	json_t *root;
	int err;

	if (!p)
		return -ENOMEM;
	root = load(&r, text, len);
	err = root ? take_list_meta(&r, root, p) : -EINVAL;
	if (!err)
		err = take_items(&r, root, item, p);
	json_decref(root);
	if (err) {
		rz_kube_page_free(p);
		return err;
	}
	*ret = p;
	return 0;
}

int rz_kube_page_parse(const char *text, size_t len, const struct rz_kube_form *form,
		       struct rz_kube_page **ret, char *why)
{
	return parse_page(text, len, form, rz_kube_slice_read, ret, why);
}

static int read_name(struct rz_kube_reader *r, const json_t *obj, struct rz_kube_slice **ret)
{
	struct rz_kube_slice *s = calloc(1, sizeof(*s));
	int err = s ? rz_kube_slice_meta(r, obj, s) : -ENOMEM;

	if (err) {
		rz_kube_slice_free(s);
		return err;
	}
	*ret = s;
	return 0;
}

int rz_kube_versions_parse(const char *text, size_t len, struct rz_kube_page **ret, char *why)
{
	return parse_page(text, len, NULL, read_name, ret, why);
}

static const struct {
	const char *word;
	enum rz_kube_event_type type;
} event_types[] = {
	{"ADDED", RZ_KUBE_SET},		{"MODIFIED", RZ_KUBE_SET}, {"DELETED", RZ_KUBE_DELETED},
	{"BOOKMARK", RZ_KUBE_BOOKMARK}, {"ERROR", RZ_KUBE_ERROR},
};

static int take_type(struct rz_kube_reader *r, const json_t *root, enum rz_kube_event_type *ret)
{
	char word[16];
	size_t i;

	if (rz_kube_text(r, root, "type", word, sizeof(word)))
		return -EINVAL;
	for (i = 0; i < sizeof(event_types) / sizeof(event_types[0]); i++) {
		if (strcmp(event_types[i].word, word))
			continue;
		*ret = event_types[i].type;
		return 0;
	}
	return rz_kube_bad(r, "type \"%s\" is none of a watch", word);
}

static void take_status(const json_t *status, struct rz_kube_event *e)
{
	const json_t *code = json_object_get(status, "code");
	const char *message = json_string_value(json_object_get(status, "message"));

	if (json_is_integer(code) && json_integer_value(code) > 0 &&
	    json_integer_value(code) < 1000)
		e->code = (int)json_integer_value(code);
	rz_str_escape(e->message, sizeof(e->message), message ? message : "",
		      message ? strlen(message) : 0);
}

static int take_object(struct rz_kube_reader *r, const json_t *obj, struct rz_kube_event *e)
{
	int err;

	if (!json_is_object(obj))
		return rz_kube_bad(r, "object is %s, must be an object", rz_kube_type_name(obj));
	if (e->type == RZ_KUBE_ERROR) {
		take_status(obj, e);
		return 0;
	}
	if (e->type == RZ_KUBE_BOOKMARK)
		err = rz_kube_text(r, json_object_get(obj, "metadata"), "resourceVersion",
				   e->version, sizeof(e->version));
	else
		err = (e->type == RZ_KUBE_SET ? rz_kube_slice_read : read_name)(r, obj, &e->slice);
	if (!err && e->slice)
		memcpy(e->version, e->slice->version, sizeof(e->version));
	if (!err && !*e->version)
		err = rz_kube_bad(r, "metadata.resourceVersion is missing");
	return err;
}

int rz_kube_event_parse(const char *line, size_t len, const struct rz_kube_form *form,
			struct rz_kube_event *ret, char *why)
{
	struct rz_kube_reader r = {.form = form, .why = why};
	struct rz_kube_event e = {};
	json_t *root = load(&r, line, len);
	int err = root ? take_type(&r, root, &e.type) : -EINVAL;

	if (!err)
		err = take_object(&r, json_object_get(root, "object"), &e);
	json_decref(root);
	if (err) {
		rz_kube_event_clear(&e);
		return err;
	}
	*ret = e;
	return 0;
}

void rz_kube_event_clear(struct rz_kube_event *e)
{
	rz_kube_slice_free(e->slice);
	e->slice = NULL;
}

bool rz_kube_status_message(const char *text, size_t len, char *dst, size_t size)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	const char *message = json_string_value(json_object_get(root, "message"));

	if (message)
		rz_str_escape(dst, size, message, strlen(message));
	json_decref(root);
	return message;
}

int rz_kube_node_label(const char *text, size_t len, const char *label, char zone[RZ_ZONE_SIZE],
		       char *why)
{
	struct rz_kube_reader r = {.why = why};
	json_t *root = load(&r, text, len);
	json_t *labels = json_object_get(json_object_get(root, "metadata"), "labels");
	char value[RZ_ZONE_SIZE] = "";
	int err = root ? rz_kube_text(&r, labels, label, value, sizeof(value)) : -EINVAL;

	json_decref(root);
	if (err)
		return err;
	if (!*value)
		return -ENOENT;
	if (!rz_zone_valid(value, strlen(value)))
		return rz_kube_bad(&r, "label %s is \"%.40s\", which is no zone name", label,
				   value);
	rz_str_copy(zone, RZ_ZONE_SIZE, value);
	return 0;
}
