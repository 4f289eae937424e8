// SPDX-License-Identifier: Apache-2.0
/* Is rezone well on this node? See health.h. */
#include "out/health.h"

#include <stdarg.h>
#include <stdio.h>

#include "out/table.h"
#include "topo/source.h"

#define SECOND_NS 1000000000ULL
/* The loop wakes each second. A busy machine may be late, but not by ten. */
#define BEAT_NS	  (10 * SECOND_NS)
#define NEARLY	  0.95 /* of a map: from here on connections may soon go untracked */

static const char *const words[] = {
	[RZ_FAULT_NOT_RUNNING] = "not running", [RZ_FAULT_NO_MAPS] = "no maps",
	[RZ_FAULT_STALLED] = "stalled",		[RZ_FAULT_TICK_LATE] = "tick late",
	[RZ_FAULT_FROZEN] = "frozen",		[RZ_FAULT_NO_SOURCE] = "no topology",
	[RZ_FAULT_PAUSED] = "paused",		[RZ_FAULT_BREAKER] = "breaker open",
	[RZ_FAULT_NO_CLOSE] = "cannot close",	[RZ_FAULT_SETTINGS] = "settings refused",
	[RZ_FAULT_HELPER] = "helper down",	[RZ_FAULT_NEARLY_FULL] = "map nearly full",
};
_Static_assert(sizeof(words) / sizeof(words[0]) == RZ_FAULT_COUNT, "a word for each fault");

const char *rz_fault_word(enum rz_fault f)
{
	return words[f];
}

static void __attribute__((format(printf, 3, 4)))
note(struct rz_health *h, enum rz_fault fault, const char *fmt, ...)
{
	va_list ap;

	h->rows[h->n].fault = fault;
	va_start(ap, fmt);
	vsnprintf(h->rows[h->n].text, RZ_FAULT_TEXT, fmt, ap);
	va_end(ap);
	h->n++;
}

static uint64_t since(uint64_t at_ns, uint64_t now_ns)
{
	return now_ns > at_ns ? now_ns - at_ns : 0;
}

/* No row without a daemon: what the last one left says nothing about now. */
static bool is_there(struct rz_health *h, const struct rz_status_view *v)
{
	if (!v->alive)
		note(h, RZ_FAULT_NOT_RUNNING,
		     "no rezone runs with --pin-dir %s; start it with `rezone run`", v->pin_dir);
	else if (!v->snap)
		note(h, RZ_FAULT_NO_MAPS,
		     "a rezone runs with --pin-dir %s, but it has no maps of ABI %d: it is "
		     "starting, or its version is another (`rezone version`)",
		     v->pin_dir, RZ_ABI);
	return !h->n;
}

/* The tick comes each interval, ±10 %; while moves wait for a rate, each second. */
static void judge_loop(struct rz_health *h, const struct rz_status_view *v)
{
	const struct rz_status *s = &v->snap->status;
	uint64_t latest = s->tick_ns > s->started_ns ? s->tick_ns : s->started_ns;
	uint64_t interval = v->snap->settings.interval_ns, now = v->snap->now_ns;
	char age[32];

	if (since(s->beat_ns, now) > BEAT_NS) {
		rz_table_age(age, sizeof(age), (double)since(s->beat_ns, now) / 1e9);
		note(h, RZ_FAULT_STALLED,
		     "the daemon (pid %u) has not run for %s: it is stopped, or the machine is "
		     "overloaded",
		     s->pid, age);
	} else if (since(latest, now) > interval + interval / 10 + BEAT_NS) {
		rz_table_age(age, sizeof(age), (double)since(latest, now) / 1e9);
		note(h, RZ_FAULT_TICK_LATE, "no tick for %s", age);
	}
}

static void judge_moves(struct rz_health *h, const struct rz_status_view *v)
{
	const struct rz_status *s = &v->snap->status;

	if (!v->n_sources)
		note(h, RZ_FAULT_NO_SOURCE,
		     "nothing says who the agents are, nobody is moved; give --topology or "
		     "--kube-service");
	else if (s->frozen)
		note(h, RZ_FAULT_FROZEN, "%s: %s", rz_freeze_name(s->frozen), s->frozen_why);
	if (v->pause)
		note(h, RZ_FAULT_PAUSED, "by %s%s%s%s", v->pause->by, *v->pause->why ? ": " : "",
		     v->pause->why, v->snap->settings.paused ? "; also by the settings" : "");
	else if (v->snap->settings.paused)
		note(h, RZ_FAULT_PAUSED, "by the settings (--paused)");
	if (s->breaker_until_ns > v->snap->now_ns)
		note(h, RZ_FAULT_BREAKER,
		     "too many of the latest moves were futile: their clients came back");
	if (s->way == RZ_WAY_NONE)
		note(h, RZ_FAULT_NO_CLOSE,
		     "this kernel can reset no connection, rezone observes; `rezone check` says "
		     "more");
	if (s->helper != RZ_HELPER_ANSWERS)
		note(h, RZ_FAULT_HELPER,
		     "rezone-enter does not answer: connections in other network namespaces (pods) "
		     "stay, and none is closed by a FIN; %s",
		     s->helper == RZ_HELPER_DOWN
			     ? "it is started again by itself, within a minute"
			     : "restart rezone, the daemon cannot start it again");
}

static void judge_settings_and_room(struct rz_health *h, const struct rz_status_view *v)
{
	const struct rz_status *s = &v->snap->status;
	size_t conns = v->snap->n_conns, clients = v->snap->n_clients;

	if (s->conf_failed_ns)
		note(h, RZ_FAULT_SETTINGS, "a change was not taken, the old ones stay: %s",
		     s->conf_why);
	if ((v->conns_max && (double)conns >= NEARLY * v->conns_max) ||
	    (v->clients_max && (double)clients >= NEARLY * v->clients_max))
		note(h, RZ_FAULT_NEARLY_FULL,
		     "%zu of %u connections (--max-connections), %zu of %u clients "
		     "(--max-clients)",
		     conns, v->conns_max, clients, v->clients_max);
}

struct rz_health rz_health_judge(const struct rz_status_view *v)
{
	struct rz_health h = {};

	if (!is_there(&h, v))
		return h;
	judge_loop(&h, v);
	judge_moves(&h, v);
	judge_settings_and_room(&h, v);
	return h;
}

static bool has(const struct rz_health *h, enum rz_fault f)
{
	size_t i;

	for (i = 0; i < h->n && h->rows[i].fault != f; i++)
		;
	return i < h->n;
}

const char *rz_health_word(const struct rz_health *h)
{
	return !h->n ? "healthy" : has(h, RZ_FAULT_NOT_RUNNING) ? "not running" : "degraded";
}

bool rz_health_ready(const struct rz_health *h, const struct rz_status_view *v)
{
	return v->alive && v->snap && v->snap->status.frozen != RZ_FREEZE_DETACHED &&
	       !has(h, RZ_FAULT_STALLED) && !has(h, RZ_FAULT_TICK_LATE);
}

int rz_health_exit(const struct rz_health *h)
{
	return !h->n ? 0 : has(h, RZ_FAULT_NOT_RUNNING) ? 3 : 1;
}
