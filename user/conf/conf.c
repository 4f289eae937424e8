// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the settings: defaults, then file, then environment, then flags; each later one wins. See
 * conf.h.
 */
#include "conf/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/listen.h"
#include "base/str.h"
#include "base/yaml.h"
#include "conf/table.h"
#include "kern/conf_map.h"
#include "source/spec.h"
#include "topo/zone.h"

struct rz_conf_source {
	struct rz_conf_flags flags;
	const char *file;
	struct rz_conf_text text; /* of the file, as it was at the start */
};

static int wrong(char *why, size_t size, const char *where, const char *what)
{
	snprintf(why, size, "%s: %s", where, what);
	return -EINVAL;
}

static int set_defaults(struct rz_conf *c, char *why, size_t size)
{
	char what[256];
	size_t i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < rz_conf_n_rows; i++)
		if (rz_conf_rows[i].fallback &&
		    rz_conf_set(c, &rz_conf_rows[i], rz_conf_rows[i].fallback, what, sizeof(what)))
			return wrong(why, size, rz_conf_rows[i].name,
				     what); /* out of memory: the table is tested */
	return 0;
}

static int set_from_flags(struct rz_conf *c, const struct rz_conf_flags *f, char *why, size_t size)
{
	char where[64], what[512];
	size_t i;

	for (i = 0; i < rz_conf_n_rows; i++) {
		if (!f->values[i])
			continue;
		c->from[i] = RZ_CONF_FLAG;
		if (!rz_conf_set(c, &rz_conf_rows[i], f->values[i], what, sizeof(what)))
			continue;
		snprintf(where, sizeof(where), "--%s", rz_conf_rows[i].name);
		return wrong(why, size, where, what);
	}
	return 0;
}

static enum rz_conf_from from_of(const struct rz_conf *c, const char *name)
{
	return c->from[rz_conf_row_find(name, strlen(name)) - rz_conf_rows];
}

/* Notes a mistake that shows only when all is read, where that setting stands: in the file, in a
 * variable, or as a flag. Its line in the file is not known any more. */
static int wrong_setting(char *why, size_t size, const struct rz_conf *c, const char *file,
			 const char *name, const char *what)
{
	const struct rz_conf_row *row = rz_conf_row_find(name, strlen(name));
	enum rz_conf_from from = from_of(c, name);
	char where[400], *p;

	if (from == RZ_CONF_ENVIRONMENT) {
		rz_conf_variable(row, where, sizeof(where));
		if (!getenv(where) && row->env)
			rz_str_copy(where, sizeof(where), row->env);
	} else if (from == RZ_CONF_FILE && file) {
		snprintf(where, sizeof(where), "%.300s: ", file);
		p = where + strlen(where);
		rz_str_copy(p, (size_t)(where + sizeof(where) - p), name);
		for (; *p; p++)
			*p = *p == '-' ? '_' : *p;
	} else {
		snprintf(where, sizeof(where), "--%s", name);
	}
	return wrong(why, size, where, what);
}

static int check_whole(const struct rz_conf *c, const char *file, char *why, size_t size)
{
	struct rz_kube_spec specs[RZ_KUBE_GROUPS_MAX];
	struct rz_endpoint at;
	char what[512];
	size_t n;

	if (rz_kube_specs_parse(c->kube_service, NULL, specs, &n, what, sizeof(what)))
		return wrong_setting(why, size, c, file, "kube-service", what);
	if (rz_kube_specs_parse(c->kube_service, c->kube_selector, specs, &n, what, sizeof(what)))
		return wrong_setting(why, size, c, file, "kube-selector", what);
	if (c->zone && !rz_zone_valid(c->zone, strlen(c->zone))) {
		snprintf(what, sizeof(what), "\"%.60s\" is no zone name; use " RZ_ZONE_FORM,
			 c->zone);
		return wrong_setting(why, size, c, file, "zone", what);
	}
	if (c->listen && rz_listen_parse(c->listen, &at, what, sizeof(what)))
		return wrong_setting(why, size, c, file, "listen", what);
	if (c->cooldown_max_ns >= c->cooldown_ns)
		return 0;
	/* whichever of the two somebody wrote */
	if (from_of(c, "cooldown-max") == RZ_CONF_DEFAULT)
		return wrong_setting(why, size, c, file, "cooldown",
				     "is above --cooldown-max; lower it, or raise that");
	return wrong_setting(why, size, c, file, "cooldown-max", "is below --cooldown; raise it");
}

int rz_conf_source_new(int argc, char **argv, struct rz_conf_source **ret)
{
	struct rz_conf_source *s = calloc(1, sizeof(*s));
	int err = s ? rz_conf_flags_read(argc, argv, &s->flags) : -ENOMEM;

	if (err) {
		rz_conf_source_free(s);
		return err;
	}
	s->file = s->flags.config ? s->flags.config : getenv("REZONE_CONFIG");
	*ret = s;
	return 0;
}

void rz_conf_source_free(struct rz_conf_source *s)
{
	if (!s)
		return;
	free(s->flags.room);
	free(s->text.text);
	free(s);
}

const char *rz_conf_source_file(const struct rz_conf_source *s)
{
	return s->file;
}

int rz_conf_load(const struct rz_conf_source *s, const struct rz_conf_text *file,
		 struct rz_conf *ret, char *why, size_t why_size)
{
	struct rz_conf c;
	int err = set_defaults(&c, why, why_size);

	if (!err && file)
		err = rz_conf_file_read(&c, s->file, file, why, why_size);
	if (!err)
		err = rz_conf_environment_set(&c, why, why_size);
	if (!err)
		err = set_from_flags(&c, &s->flags, why, why_size);
	if (!err)
		err = check_whole(&c, s->file, why, why_size);
	if (err) {
		rz_conf_free(&c);
		return err;
	}
	rz_str_cut_slashes(c.pin_dir); /* it is compared, and its parent looked at */
	*ret = c;
	return 0;
}

int rz_conf_from_texts(const struct rz_conf_map_row *rows, size_t n, struct rz_conf *ret, char *why,
		       size_t why_size)
{
	const struct rz_conf_row *row;
	char name[sizeof(rows->name)], what[512], *p;
	struct rz_conf c;
	int err = set_defaults(&c, why, why_size);
	size_t i;

	for (i = 0; !err && i < n; i++) {
		rz_str_copy(name, sizeof(name), rows[i].name);
		for (p = name; *p; p++)
			*p = *p == '_' ? '-' : *p;
		row = rz_conf_row_find(name, strlen(name));
		if (!row || !rows[i].value[0])
			continue; /* another version's, or it has no value */
		if (rz_conf_set(&c, row, rows[i].value, what, sizeof(what)))
			err = wrong(why, why_size, rows[i].name, what);
	}
	if (err)
		rz_conf_free(&c);
	else
		*ret = c;
	return err;
}

const struct rz_conf_text *rz_conf_source_text(const struct rz_conf_source *s)
{
	return &s->text;
}

int rz_conf_start(struct rz_conf_source *s, enum rz_conf_text_from from, struct rz_conf *ret)
{
	char why[RZ_CONF_WHY];
	int err = s->file ? rz_conf_text_read(s->file, from, &s->text, why, sizeof(why)) : 0;

	if (!err)
		err = rz_conf_load(s, s->file ? &s->text : NULL, ret, why, sizeof(why));
	return err ? rz_err(err, "settings: %s", why) : 0;
}

int rz_conf_read(int argc, char **argv, struct rz_conf *ret)
{
	struct rz_conf_source *s;
	int err = rz_conf_source_new(argc, argv, &s);

	if (err)
		return err;
	err = rz_conf_start(s, RZ_CONF_TEXT_REGULAR, ret);
	rz_conf_source_free(s);
	return err;
}

static void free_text(char **text)
{
	free(*text);
	*text = NULL;
}

void rz_conf_free(struct rz_conf *c)
{
	size_t i;

	for (i = 0; i < rz_conf_n_rows; i++)
		if (rz_conf_is_text(&rz_conf_rows[i]))
			free_text((char **)((char *)c + rz_conf_rows[i].offset));
}
