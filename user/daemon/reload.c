// SPDX-License-Identifier: Apache-2.0
/*
 * Settings that change while rezone runs.
 *
 * Comes in: the config file, when its text has changed (an editor's rename, a ConfigMap's link to
 * other data), and SIGHUP. Goes out: other settings, taken whole, each change an event; or, on any
 * mistake, one line, one event, and the old settings. Called by daemon/wake.c.
 *
 * The file is read each second, as the topology file is: that sees every way in which it can
 * change. A text is taken when two looks in a row have found the same, for a half-written file may
 * be a whole configuration: an empty one is, and its mode is enforce.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/table.h"
#include "kern/conf_map.h"

struct rz_reload {
	struct rz_conf_text seen; /* at the latest look */
	struct rz_conf_text done; /* taken, or refused */
	bool again;		  /* it could not be read meanwhile: it is read whatever it says */
	int map;		  /* map config */
	char read_why[RZ_CONF_WHY]; /* why the file could not be read at the latest look, "" */
};

static bool equal(const struct rz_conf_text *a, const struct rz_conf_text *b)
{
	return a->len == b->len && !memcmp(a->text ?: "", b->text ?: "", a->len);
}

/* Takes over `from`. */
static void replace(struct rz_conf_text *to, struct rz_conf_text *from)
{
	free(to->text);
	*to = *from;
	*from = (struct rz_conf_text){};
}

/* Without memory it is empty, and so read once more. */
static void copy(struct rz_conf_text *to, const struct rz_conf_text *from)
{
	struct rz_conf_text fresh = {malloc(from->len + 1), from->len};

	if (fresh.text)
		memcpy(fresh.text, from->text ?: "", from->len);
	else
		fresh.len = 0;
	replace(to, &fresh);
}

/* ---- what is published ---- */

static int publish(const struct rz_daemon *d)
{
	struct rz_conf_map_row *rows;
	size_t n;
	int err = rz_conf_texts(&d->conf, rz_conf_source_file(d->source), &rows, &n);

	if (err)
		return err;
	err = rz_conf_map_write(d->reload->map, rows, n);
	free(rows);
	return err;
}

/* ---- refused ---- */

/* What is wrong may quote the file, which may hold anything. */
static void fail(struct rz_daemon *d, const char *by, const char *wrong)
{
	char why[sizeof(d->status.conf_why)];

	rz_str_printable(why, sizeof(why), wrong, strlen(wrong));
	rz_daemon_tell_all(
		d, RZ_EVENT_RELOAD_FAILED,
		json_pack("{s:o, s:o}", "by", rz_json_printable(by), "why", rz_json_text(why)),
		"%s: %s", by, why);
	d->status.conf_failed_ns = rz_now_ns();
	rz_str_copy(d->status.conf_why, sizeof(d->status.conf_why), why);
	rz_daemon_write_status(d);
}

/* ---- taken ---- */

static void tell_setting(struct rz_daemon *d, const struct rz_conf *fresh,
			 const struct rz_conf_row *row, const char *by)
{
	struct rz_event e = {.type = RZ_EVENT_SETTING};
	char before[RZ_CONF_VALUE], after[RZ_CONF_VALUE];

	rz_conf_format(&d->conf, row, before);
	rz_conf_format(fresh, row, after);
	rz_str_escape(e.setting.key, sizeof(e.setting.key), row->name, strlen(row->name));
	rz_str_escape(e.setting.before, sizeof(e.setting.before), before, strlen(before));
	rz_str_escape(e.setting.after, sizeof(e.setting.after), after, strlen(after));
	snprintf(e.text, sizeof(e.text), "%sby %s", row->restart ? "takes a restart, " : "", by);
	rz_daemon_tell_setting(
		d, &e,
		json_pack("{s:o, s:b}", "by", rz_json_printable(by), "restart", row->restart));
}

/* What is made of texts; the texts themselves were checked when they were read. */
struct made {
	struct rz_exclude *exclude;
	struct rz_blocks *blocks;
};

static int make(const struct rz_conf *c, struct made *m, char *why, size_t size)
{
	int err = rz_exclude_new(c->exclude_clients ?: "", c->exclude_addresses ?: "",
				 c->exclude_zones ?: "", &m->exclude, why, size);

	if (!err)
		err = rz_blocks_parse(c->zoned_cidr_blocks ?: "", &m->blocks, why, size);
	return err;
}

static void use(struct rz_daemon *d, struct made *m)
{
	rz_exclude_free(d->exclude);
	d->exclude = m->exclude;
	rz_blocks_free(d->blocks);
	d->blocks = m->blocks;
	*m = (struct made){};
}

/* Everything that works by the settings goes on by the new ones. */
static void apply(struct rz_daemon *d, const struct rz_conf *old)
{
	const struct rz_conf *c = &d->conf;
	struct rz_limits limits;

	rz_log_setup(c->log_format, c->log_level);
	rz_daemon_fill_settings(d);
	rz_daemon_write_settings(d);
	limits = rz_conf_limits(&d->conf);
	rz_select_set_limits(d->select, &limits);
	if (c->min_agents != old->min_agents || strcmp(c->zone ?: "", old->zone ?: ""))
		rz_daemon_count_topology(d);
	rz_daemon_moves_judge_again(d);
}

/* Tells of all that changes, and gives `fresh` back what takes a restart. Returns how many were
 * changed; the names of those that wait for a restart are in d->status. */
static unsigned tell_changes(struct rz_daemon *d, struct rz_conf *fresh, const char *by)
{
	char *names = d->status.conf_restart;
	size_t i, used = 0, size = sizeof(d->status.conf_restart);
	unsigned n = 0;

	names[0] = '\0';
	for (i = 0; i < rz_conf_n_rows; i++) {
		const struct rz_conf_row *row = &rz_conf_rows[i];
		bool differs = rz_conf_differs(&d->conf, fresh, row);

		if (differs)
			tell_setting(d, fresh, row, by);
		if (differs && row->restart && used < size)
			used += snprintf(names + used, size - used, "%s%s", used ? ", " : "",
					 row->name);
		n += differs && !row->restart;
		if (row->restart)
			rz_conf_keep(fresh, &d->conf, row);
	}
	return n;
}

/* A pause by the settings is told of as the operator's is. */
static void tell_pause(struct rz_daemon *d, bool was, const char *by)
{
	if (d->conf.paused != was)
		rz_daemon_tell_all(d, was ? RZ_EVENT_RESUME : RZ_EVENT_PAUSE,
				   json_pack("{s:o}", "by", rz_json_printable(by)),
				   "by the settings: %s", by);
}

static void take(struct rz_daemon *d, struct rz_conf *fresh, struct made *m, const char *by)
{
	struct rz_conf old;
	unsigned n;

	if (strcmp(d->conf.zoned_cidr_blocks ?: "", fresh->zoned_cidr_blocks ?: ""))
		rz_daemon_count_until_now(d);
	n = tell_changes(d, fresh, by);
	old = d->conf;
	d->conf = *fresh;
	use(d, m);
	apply(d, &old);
	if (n) /* else a SIGHUP now and then would end each waiting before anybody comes */
		rz_daemon_listen_stop(d);
	tell_pause(d, old.paused, by);
	rz_conf_free(&old);
	publish(d);
	d->status.conf_reloads++;
	d->status.conf_ns = rz_now_ns();
	d->status.conf_failed_ns = 0;
	d->status.conf_why[0] = '\0';
	rz_daemon_tell_all(
		d, RZ_EVENT_RELOAD,
		json_pack("{s:o, s:I, s:o}", "by", rz_json_printable(by), "changed", (json_int_t)n,
			  "restart_for", rz_json_text(d->status.conf_restart)),
		"by %s: %u changed%s%s", by, n,
		*d->status.conf_restart ? "; these take a restart: " : "", d->status.conf_restart);
	rz_daemon_write_status(d);
	rz_daemon_tell_manager(d); /* it shows the mode */
}

static size_t count_from_file(const struct rz_conf *c)
{
	size_t i, n = 0;

	for (i = 0; i < rz_conf_n_rows; i++)
		n += c->from[i] == RZ_CONF_FILE;
	return n;
}

/* Reads `text` and takes it, or says why not. True: taken. */
static bool load(struct rz_daemon *d, const struct rz_conf_text *text, const char *by)
{
	char why[RZ_CONF_WHY];
	struct made m = {};
	struct rz_conf fresh;

	if (rz_conf_load(d->source, text, &fresh, why, sizeof(why))) {
		fail(d, by, why);
		return false;
	}
	if (d->status.way == RZ_WAY_NONE)
		fresh.mode = RZ_MODE_OBSERVE; /* as at the start */
	/* a file that lost all that it said is more likely an accident than a wish */
	if (text && count_from_file(&d->conf) && !count_from_file(&fresh)) {
		snprintf(why, sizeof(why),
			 "%s: sets nothing any more; write at least one setting into it",
			 rz_conf_source_file(d->source));
		fail(d, by, why);
	} else if (make(&fresh, &m, why, sizeof(why))) {
		fail(d, by, "no memory");
	} else if (rz_maps_write_blocks(d->maps, m.blocks)) {
		rz_maps_write_blocks(d->maps, d->blocks); /* some of the new ones may be there */
		fail(d, by, "no memory, or no room in map blocks");
	} else {
		take(d, &fresh, &m, by);
		return true;
	}
	rz_exclude_free(m.exclude);
	rz_blocks_free(m.blocks);
	rz_conf_free(&fresh);
	return false;
}

/* The file's text as it is now. */
static int look(struct rz_daemon *d, struct rz_conf_text *ret, const char *by, bool loudly)
{
	struct rz_reload *r = d->reload;
	char why[RZ_CONF_WHY] = "";
	int err = rz_conf_text_read(rz_conf_source_file(d->source), RZ_CONF_TEXT_REGULAR, ret, why,
				    sizeof(why));

	if (err && (loudly || strcmp(why, r->read_why)))
		fail(d, by, why);
	if (!err && r->read_why[0])
		r->again = true;
	rz_str_copy(r->read_why, sizeof(r->read_why), why);
	return err;
}

bool rz_daemon_reload(struct rz_daemon *d, const char *by)
{
	struct rz_reload *r = d->reload;
	struct rz_conf_text now = {};
	bool taken;

	if (!d->source || !r)
		return false;
	if (!rz_conf_source_file(d->source)) {
		rz_log_fields(RZ_LOG_INFO, json_pack("{s:o}", "by", rz_json_printable(by)),
			      "settings: %s: there is no --config file to read again", by);
		return false;
	}
	if (look(d, &now, by, true))
		return false;
	taken = load(d, &now, by);
	copy(&r->seen, &now);
	replace(&r->done, &now);
	return taken;
}

bool rz_daemon_poll_settings(struct rz_daemon *d)
{
	static const char by[] = "a change of its file";
	struct rz_reload *r = d->reload;
	struct rz_conf_text now = {};
	bool settled, taken;

	if (!r || !d->source || !rz_conf_source_file(d->source) || look(d, &now, by, false))
		return false;
	settled = equal(&now, &r->seen);
	replace(&r->seen, &now);
	if (!settled || (!r->again && equal(&r->seen, &r->done)))
		return false;
	r->again = false;
	taken = load(d, &r->seen, by);
	copy(&r->done, &r->seen);
	return taken;
}

/* ---- begin and end ---- */

int rz_daemon_reload_start(struct rz_daemon *d)
{
	const char *file = d->source ? rz_conf_source_file(d->source) : NULL;
	struct rz_reload *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return rz_err(-ENOMEM, "run: out of memory");
	r->map = rz_conf_map_open(d->conf.pin_dir);
	if (r->map < 0) {
		err = r->map;
		free(r);
		return err;
	}
	d->reload = r;
	d->status.conf_ns = d->status.started_ns;
	if (file)
		rz_str_printable(d->status.conf_file, sizeof(d->status.conf_file), file,
				 strlen(file));
	if (file) /* it may be another text by now: then it is read again */
		copy(&r->done, rz_conf_source_text(d->source));
	if (d->conf.paused)
		rz_daemon_tell_all(d, RZ_EVENT_PAUSE, json_pack("{s:s}", "by", "the start"),
				   "by the settings: the start");
	return publish(d);
}

void rz_daemon_reload_stop(struct rz_daemon *d)
{
	struct rz_reload *r = d->reload;

	if (!r)
		return;
	close(r->map);
	free(r->seen.text);
	free(r->done.text);
	free(r);
	d->reload = NULL;
}

void rz_daemon_reload_pin_again(struct rz_daemon *d)
{
	if (d->reload)
		rz_conf_map_pin(d->conf.pin_dir, d->reload->map);
}
