// SPDX-License-Identifier: Apache-2.0
/* Masking JSON, see mask.h: which key holds what. Texts: mask.c. */
#include "out/mask.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "out/mask_inside.h"

static const struct {
	const char *key;
	enum rz_mask_kind kind;
} keys[] = {
	{"client_id", RZ_MASK_CLIENT},
	{"session_id", RZ_MASK_CLIENT},
	{"proxy_target", RZ_MASK_CLIENT},
	{"exclude_clients", RZ_MASK_CLIENT},
	{"node", RZ_MASK_NODE},
	{"node_name", RZ_MASK_NODE},
	/* a closed list of words, a zone or a version, which may well be somebody's client.id, too
	 */
	{"event", RZ_MASK_WORD},
	{"reason", RZ_MASK_WORD},
	{"outcome", RZ_MASK_WORD},
	{"check", RZ_MASK_WORD},
	{"error", RZ_MASK_WORD},
	{"locality", RZ_MASK_WORD},
	{"protocol", RZ_MASK_WORD},
	{"state", RZ_MASK_WORD},
	{"kind", RZ_MASK_WORD},
	{"via", RZ_MASK_WORD},
	{"dialect", RZ_MASK_WORD},
	{"verdict", RZ_MASK_WORD},
	{"phase", RZ_MASK_WORD},
	{"software", RZ_MASK_WORD},
	{"software_version", RZ_MASK_WORD},
	{"client_zone", RZ_MASK_WORD},
	{"agent_zone", RZ_MASK_WORD},
	{"from_zone", RZ_MASK_WORD},
	{"to_zone", RZ_MASK_WORD},
	{"own_zone", RZ_MASK_WORD},
	{"zone", RZ_MASK_WORD},
	{"zone_from", RZ_MASK_WORD},
	{"group", RZ_MASK_WORD},
	{"agent_group", RZ_MASK_WORD},
	{"mode", RZ_MASK_WORD},
	{"health", RZ_MASK_WORD},
	{"fault", RZ_MASK_WORD},
	{"freeze", RZ_MASK_WORD},
	{"frozen", RZ_MASK_WORD},
	{"standing", RZ_MASK_WORD},
	{"here", RZ_MASK_WORD},
	{"status", RZ_MASK_WORD},
	{"result", RZ_MASK_WORD},
	{"setting", RZ_MASK_WORD},
	{"name", RZ_MASK_WORD},
	{"file", RZ_MASK_WORD},
	{"version", RZ_MASK_WORD},
	{"place", RZ_MASK_WORD},
	{"errno", RZ_MASK_WORD},
};

/* A setting is exclude_clients in the file, and exclude-clients in events. */
static bool same_key(const char *a, const char *b)
{
	for (; *a && (*a == *b || (*a == '_' && *b == '-')); a++)
		b++;
	return *a == *b;
}

static enum rz_mask_kind kind_of(const char *key)
{
	size_t i;

	for (i = 0; key && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (same_key(keys[i].key, key))
			return keys[i].kind;
	return RZ_MASK_TEXT;
}

int rz_mask_learn_json(struct rz_mask *m, const json_t *j)
{
	enum rz_mask_kind kind;
	const char *key;
	json_t *value;
	size_t i;
	int err = 0;

	json_array_foreach (j, i, value)
		if (!err)
			err = rz_mask_learn_json(m, value);
	json_object_foreach ((json_t *)j, key, value) {
		kind = kind_of(key);
		if (!err && json_is_string(value) &&
		    (kind == RZ_MASK_CLIENT || kind == RZ_MASK_NODE))
			err = rz_mask_learn_as(m, json_string_value(value), kind);
		else if (!err)
			err = rz_mask_learn_json(m, value);
	}
	return err;
}

static json_t *masked_value(const struct rz_mask *m, const char *text, enum rz_mask_kind kind)
{
	_cleanup_free_ char *masked = NULL;
	char shown[RZ_MASK_SHOWN];

	if (kind == RZ_MASK_TEXT || kind == RZ_MASK_WORD) {
		masked = rz_mask_in(m, text, kind == RZ_MASK_TEXT);
		return masked ? json_string(masked) : NULL;
	}
	rz_mask_hash(m, kind, text, strlen(text), shown);
	return json_string(shown);
}

/* Of {"value": V} under a setting's name, of {"setting": NAME, "before", "after"}, and of a group
 * by client.id what stands there is what the name says. */
static enum rz_mask_kind kind_in(const json_t *object, const char *object_key, const char *key)
{
	const char *setting = json_string_value(json_object_get(object, "setting"));
	const char *by = json_string_value(json_object_get(object, "by"));

	if (!strcmp(key, "value"))
		return kind_of(object_key);
	if (setting && (!strcmp(key, "before") || !strcmp(key, "after")))
		return kind_of(setting);
	if (by && !strcmp(key, "name"))
		return RZ_MASK_TEXT;
	return kind_of(key);
}

static int mask_object(const struct rz_mask *m, json_t *o, const char *object_key);

static int mask_member(const struct rz_mask *m, json_t *value, const char *key)
{
	json_t *e;
	size_t i;
	int err = 0;

	if (json_is_object(value))
		return mask_object(m, value, key);
	json_array_foreach (value, i, e) {
		if (json_is_string(e))
			err = json_array_set_new(
				value, i, masked_value(m, json_string_value(e), kind_of(key)));
		else
			err = mask_member(m, e, key);
		if (err)
			return -ENOMEM;
	}
	return 0;
}

static int mask_object(const struct rz_mask *m, json_t *o, const char *object_key)
{
	json_t *value, *masked = json_object();
	const char *key;
	void *next;
	int err = masked ? 0 : -ENOMEM;

	json_object_foreach_safe(o, next, key, value)
	{
		_cleanup_free_ char *shown_key = rz_mask_in(m, key, false);
		json_t *shown = json_is_string(value) ? masked_value(m, json_string_value(value),
								     kind_in(o, object_key, key))
						      : json_incref(value);

		if (!err)
			err = mask_member(m, value, key);
		if (!shown_key || json_object_set_new(masked, shown_key, shown))
			err = -ENOMEM;
	}
	if (!err && (json_object_clear(o) || json_object_update(o, masked)))
		err = -ENOMEM;
	json_decref(masked);
	return err;
}

int rz_mask_json(const struct rz_mask *m, json_t *j)
{
	return mask_member(m, j, NULL);
}
