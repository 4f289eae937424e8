// SPDX-License-Identifier: Apache-2.0
/*
 * The topology's way into the maps.
 *
 * Comes in: the file, Kubernetes and the cloud, merged by topo/merge.c. Goes out: maps agents,
 * zones, aliases and sources, and in map status since when all of it is known to be current, and
 * whether that can be trusted. Called by daemon/wake.c every second, and by the sources when they
 * have news.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "daemon/reporter.h"
#include "kern/tally.h"
#include "topo/file.h"
#include "topo/merge.h"

#define TELL_EVERY_NS (10 * RZ_SECOND_NS)

/* The sources, and what is known of them. */
struct rz_feed {
	struct rz_topo_file *file;
	struct rz_topo *file_topo; /* as last read whole */
	uint64_t file_proved_ns;
	struct rz_reporter *reporter; /* of Kubernetes and the cloud; NULL: neither is asked */
	struct rz_clocks clocks;      /* at the last look */
	uint64_t jumped_ns;	 /* they jumped then, and not every source was proved since; 0 */
	bool dirty;		 /* a source has news */
	char merge_why[128];	 /* why the sources make no topology, "" */
	struct rz_topo *pending; /* read, but the maps could not take it yet */
	uint64_t told_ns;	 /* when the log was last told of a topology */
	const char *by;		 /* whose news changed it last */
	char event[112];	 /* what the latest event said of it */
	uint64_t event_ns;
};

/* Counts the zones of `topo` and writes all three maps. */
static int publish(struct rz_daemon *d, const struct rz_topo *topo)
{
	struct rz_topo_zones *zones = NULL;
	int err = rz_topo_zones_count(topo, d->zones, d->conf.min_agents, rz_now_ns(), &zones);

	if (!err)
		err = rz_topo_zones_remember(zones, topo, d->topo, d->zones, rz_now_ns());
	if (!err)
		err = rz_maps_write_topology(d->maps, topo, zones);
	if (err) {
		rz_topo_zones_free(zones);
		return err;
	}
	rz_topo_zones_free(d->zones);
	d->zones = zones;
	return 0;
}

static json_t *keys_of_topology(const struct rz_daemon *d)
{
	struct rz_topo_total n = rz_topo_zones_total(d->zones);

	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "agents", (json_int_t)n.agents, "ready",
			 (json_int_t)n.ready, "zones", (json_int_t)n.zones, "own_zone",
			 rz_json_text(d->topo->own_zone), "own_zone_from",
			 rz_json_printable(d->status.own_zone_from));
}

/* Takes over the pending topology; the old one stays for as long as it cannot be published whole.
 */
static int take(struct rz_daemon *d, const char *from)
{
	struct rz_feed *f = d->feed;
	uint64_t now = rz_now_ns();
	struct rz_topo_total n;
	int err;

	if (d->topo && !rz_topo_same_zones(d->topo, f->pending))
		rz_daemon_count_until_now(d);
	if (d->places)
		rz_topo_place(f->pending, d->places, d->n_places);
	err = publish(d, f->pending);
	if (err)
		return err;
	rz_topo_free(d->topo);
	d->topo = RZ_TAKE_PTR(f->pending);
	n = rz_topo_zones_total(d->zones);
	rz_daemon_moves_judge_again(d);
	rz_str_copy(d->status.own_zone, sizeof(d->status.own_zone), d->topo->own_zone);
	rz_str_copy(d->status.own_zone_from, sizeof(d->status.own_zone_from), from);
	/* in a storm of changes once in ten seconds is enough to be told */
	rz_log_fields(f->told_ns && f->reporter && now < f->told_ns + TELL_EVERY_NS ? RZ_LOG_DEBUG
										    : RZ_LOG_INFO,
		      keys_of_topology(d),
		      "topology: %zu agents in %zu zones, %zu ready, own zone %s%s%s", n.agents,
		      n.zones, n.ready, d->topo->own_zone[0] ? d->topo->own_zone : "not given",
		      *from ? " from " : "", from);
	if (!f->told_ns || now >= f->told_ns + TELL_EVERY_NS)
		f->told_ns = now;
	return 0;
}

/* ---- the sources, added up ---- */

static size_t collect_rows(const struct rz_daemon *d, struct rz_source_row *rows)
{
	const struct rz_feed *f = d->feed;
	size_t n = 0, i;

	if (f->file) {
		memset(&rows[n], 0, sizeof(rows[n]));
		snprintf(rows[n].v.name, sizeof(rows[n].v.name), "file %.88s", d->conf.topology);
		rows[n].must_be_fresh = true;
		rows[n].v.proved_ns = f->file_proved_ns;
		rows[n].v.agents = f->file_topo ? (uint32_t)f->file_topo->n_agents : 0;
		for (i = 0; i < rows[n].v.agents; i++)
			rows[n].v.ready += f->file_topo->agents[i].ready;
		/* no freeze yet: what was read before stays true until it is too old */
		rz_str_copy(rows[n].v.note, sizeof(rows[n].v.note), rz_topo_file_fault(f->file));
		n++;
	}
	n += rz_reporter_rows(f->reporter, rows + n, RZ_SOURCES_MAX - n);
	if (f->merge_why[0] && n) {
		rows[0].freeze = RZ_FREEZE_UNREADABLE;
		rz_str_copy(rows[0].v.note, sizeof(rows[0].v.note), f->merge_why);
	}
	return n;
}

static void merge(struct rz_daemon *d)
{
	struct rz_feed *f = d->feed;
	struct rz_merge_in in = {
		.file = f->file_topo,
		.kube = rz_reporter_topo(f->reporter),
		.agents_zone = rz_reporter_own_zone(f->reporter),
		.setting_zone = d->conf.zone ? d->conf.zone : "",
		.label_zone = rz_reporter_label_zone(f->reporter),
		.cloud_zone = rz_reporter_cloud_zone(f->reporter),
		.cloud_id = rz_reporter_cloud_id(f->reporter),
		.kube_source = f->file ? 1 : 0,
	};
	struct rz_topo *fresh = NULL;
	const char *from = "";
	char why[sizeof(f->merge_why)] = "";
	int err;

	if (!in.file && !in.kube)
		return;
	err = rz_topo_merge(&in, &fresh, &from, why, sizeof(why));
	if (err == -E2BIG && strcmp(why, f->merge_why))
		rz_err(err, "topology: %s (what was known stays)", why);
	rz_str_copy(f->merge_why, sizeof(f->merge_why), why);
	f->dirty = err && err != -E2BIG;
	if (err)
		return;
	rz_topo_free(f->pending);
	f->pending = fresh;
	f->dirty = take(d, from); /* not to be published now: at the next look again */
}

void rz_daemon_count_topology(struct rz_daemon *d)
{
	d->feed->dirty = true;
	d->feed->by = "the settings";
	merge(d);
}

/* ---- freezing ---- */

/* After a jump of the clock each source has to be proved once more. */
static enum rz_freeze freeze_now(struct rz_daemon *d, const struct rz_source_row *rows, size_t n,
				 uint64_t now, char *why, size_t size)
{
	struct rz_feed *f = d->feed;

	if (d->attached_freeze) {
		rz_str_copy(why, size, d->attached_why);
		return d->attached_freeze;
	}
	if (f->jumped_ns && rz_sources_proved_ns(rows, n) > f->jumped_ns)
		f->jumped_ns = 0;
	if (f->jumped_ns) {
		snprintf(why, size,
			 "the clock jumped, or this machine slept: every source has to say "
			 "anew that it is current");
		return RZ_FREEZE_CLOCK;
	}
	return rz_sources_freeze(rows, n, d->conf.topology_max_age_ns, now, why, size);
}

static json_t *keys_of_freeze(enum rz_freeze f, const char *why)
{
	return json_pack("{s:s, s:o}", "frozen", rz_freeze_name(f), "why", rz_json_printable(why));
}

static void tell_freeze(struct rz_daemon *d, enum rz_freeze f, const char *why, uint64_t now)
{
	struct rz_status *s = &d->status;
	char span[32];

	if (f == RZ_FREEZE_NEVER && !s->frozen && !s->topology_proved_ns)
		return; /* the start */
	if (f && !s->frozen) {
		d->counters.freezes++;
		rz_daemon_tell_all(d, RZ_EVENT_FREEZE, keys_of_freeze(f, why), "%s: %s",
				   rz_freeze_name(f), why);
	} else if (!f && s->frozen && s->frozen_ns) {
		rz_duration_format(span, sizeof(span),
				   (now - s->frozen_ns) / 100000000ULL * 100000000ULL);
		rz_daemon_tell_all(d, RZ_EVENT_THAW,
				   json_pack("{s:s, s:o}", "frozen", rz_freeze_name(s->frozen),
					     "lasted_s",
					     rz_json_seconds((double)(now - s->frozen_ns) / 1e9)),
				   "after %s (%s)", span, rz_freeze_name(s->frozen));
	}
	if (!s->frozen || !f)
		s->frozen_ns = f ? now : 0;
}

static void judge(struct rz_daemon *d, uint64_t now)
{
	struct rz_source_row rows[RZ_SOURCES_MAX];
	char why[RZ_SOURCE_NOTE] = "";
	size_t n = collect_rows(d, rows);
	enum rz_freeze f = freeze_now(d, rows, n, now, why, sizeof(why));

	tell_freeze(d, f, why, now);
	d->status.frozen = f;
	rz_str_copy(d->status.frozen_why, sizeof(d->status.frozen_why), why);
	d->status.topology_proved_ns = rz_sources_proved_ns(rows, n);
	rz_maps_write_sources(d->maps, rows, n);
	rz_daemon_write_status(d);
}

void rz_daemon_judge_topology(struct rz_daemon *d)
{
	judge(d, rz_now_ns());
}

static void on_news(void *arg)
{
	struct rz_daemon *d = arg;

	d->feed->dirty = true;
	d->feed->by = "the API server or the cloud";
	merge(d);
	judge(d, rz_now_ns());
}

static void on_failed(void *arg, int error)
{
	struct rz_daemon *d = arg;

	rz_tally_error(d->maps, RZ_PLACE_SOURCE, error);
}

/* An event when what counts is another: once in ten seconds is enough in a storm of changes. */
static void tell_change(struct rz_daemon *d)
{
	struct rz_event e = {.type = RZ_EVENT_TOPOLOGY};
	struct rz_feed *f = d->feed;
	uint64_t now = rz_now_ns();
	struct rz_topo_total n = rz_topo_zones_total(d->zones);

	if (!d->topo || (f->event_ns && now < f->event_ns + TELL_EVERY_NS))
		return;
	snprintf(e.setting.after, sizeof(e.setting.after),
		 "%zu agents in %zu zones, %zu ready, own zone %.48s", n.agents, n.zones, n.ready,
		 *d->topo->own_zone ? d->topo->own_zone : "not given");
	if (!strcmp(e.setting.after, f->event))
		return;
	snprintf(e.text, sizeof(e.text), "by %s", f->by);
	rz_str_copy(e.setting.before, sizeof(e.setting.before), f->event);
	rz_str_copy(f->event, sizeof(f->event), e.setting.after);
	f->event_ns = now;
	rz_daemon_tell(d, &e);
}

static void poll_file(struct rz_daemon *d)
{
	struct rz_feed *f = d->feed;
	struct rz_topo *fresh = NULL;
	uint64_t before = rz_now_ns();
	int n = rz_topo_file_poll(f->file, &fresh);

	if (n > 0) {
		f->by = f->file_topo ? "a change of its file" : "the start";
		rz_topo_free(f->file_topo);
		f->file_topo = fresh;
		f->dirty = true;
	}
	if (n >= 0)
		f->file_proved_ns = before;
}

static void look_at_clocks(struct rz_daemon *d)
{
	struct rz_feed *f = d->feed;
	struct rz_clocks now = {rz_clock_ns(CLOCK_MONOTONIC), rz_clock_ns(CLOCK_BOOTTIME),
				rz_clock_ns(CLOCK_REALTIME)};

	if (f->clocks.mono_ns && rz_clocks_jumped(&f->clocks, &now)) {
		f->jumped_ns = now.mono_ns;
		rz_reporter_doubt(f->reporter);
	}
	f->clocks = now;
}

void rz_daemon_poll_topology(struct rz_daemon *d)
{
	look_at_clocks(d);
	rz_reporter_look(d->feed->reporter, rz_now_ns());
	if (d->feed->file)
		poll_file(d);
	if (d->feed->dirty)
		merge(d);
	tell_change(d);
	judge(d, rz_now_ns());
}

/* ---- begin and end ---- */

int rz_daemon_start_topology(struct rz_daemon *d)
{
	struct rz_feed *f = calloc(1, sizeof(*f));
	const struct rz_conf *c = &d->conf;
	const struct rz_reporter_calls calls = {on_news, on_failed, d};
	bool kube = c->kube_service || c->kube_selector;
	int err = 0;

	if (!f)
		return rz_err(-ENOMEM, "run: out of memory");
	d->feed = f;
	f->by = "the start";
	if (c->topology)
		err = rz_topo_file_new(c->topology, &f->file);
	if (!err && (f->file || kube))
		err = rz_reporter_new(c, d->loop, &calls, &f->reporter);
	if (!err && !f->file && !kube)
		rz_log_fields(RZ_LOG_WARN, json_pack("{s:i}", "sources", 0),
			      "run: neither --topology nor --kube-service: connections are "
			      "tracked, nobody is moved");
	return err;
}

void rz_daemon_stop_topology(struct rz_daemon *d)
{
	struct rz_feed *f = d->feed;

	if (f) {
		rz_reporter_free(f->reporter);
		rz_topo_file_free(f->file);
		rz_topo_free(f->file_topo);
		rz_topo_free(f->pending);
		free(f);
	}
	rz_topo_free(d->topo);
	rz_topo_zones_free(d->zones);
}
