// SPDX-License-Identifier: Apache-2.0
/*
 * One list and watch, see target.h: which of list, watch and proof is under way, and what follows
 * when it ends. Each of them (list.c, watch.c, proof.c) calls back here and knows nothing of the
 * others.
 */
#include "source/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "source/list.h"
#include "source/proof.h"
#include "source/watch.h"

/* A proof that met a change, or a watch that is just being opened, is tried again so soon. */
#define PROOF_AGAIN_NS (RZ_SECOND_NS / 4)

enum phase { PHASE_WAIT, PHASE_LIST, PHASE_WATCH };

struct rz_kube_target {
	struct rz_kube_slices slices;
	struct rz_kube_standing standing;
	struct rz_kube_store *store; /* in force */
	bool listed;

	enum phase phase, next; /* `next` after PHASE_WAIT, at at_ns */
	uint64_t at_ns;
	struct rz_kube_list list;
	struct rz_kube_watch watch;
	struct rz_kube_proof proof;
	uint64_t events; /* of the watch, when the proof began */
};

static void stop_requests(struct rz_kube_target *t)
{
	rz_kube_list_stop(&t->list);
	rz_kube_watch_stop(&t->watch);
	rz_kube_proof_stop(&t->proof);
}

static void wait_until(struct rz_kube_target *t, enum phase next, uint64_t ns)
{
	t->phase = PHASE_WAIT;
	t->next = next;
	t->at_ns = rz_now_ns() + ns;
}

/* Nothing is known to be current until an answer proves it. */
static void failed(struct rz_kube_target *t, enum phase next, const char *fault)
{
	stop_requests(t);
	t->standing.failed = true;
	rz_kube_standing_note(&t->standing, fault);
	wait_until(t, next, rz_kube_standing_backoff(&t->standing));
	rz_kube_standing_tell(&t->standing);
}

static void bad_answer(struct rz_kube_target *t, const char *what, const char *why)
{
	char fault[RZ_KUBE_WHY_SIZE + 128];

	snprintf(fault, sizeof(fault), "%s: %s; nobody is moved until it can be read", what, why);
	t->standing.bad = true;
	failed(t, PHASE_LIST, fault);
}

static void list_begin(struct rz_kube_target *t)
{
	stop_requests(t);
	t->phase = PHASE_LIST;
	rz_kube_list_begin(&t->list);
}

static void watch_begin(struct rz_kube_target *t)
{
	t->phase = PHASE_WATCH;
	if (t->standing.failed) /* what was missed meanwhile is to be proved at once */
		t->standing.prove_at_ns = 0;
	rz_kube_watch_begin(&t->watch);
}

/* ---- the list ---- */

static void list_done(struct rz_kube_target *t)
{
	char fault[RZ_KUBE_WHY_SIZE];
	struct rz_kube_standing *s = &t->standing;

	if (rz_kube_standing_older(s, "list", t->list.version, s->newest, fault)) {
		failed(t, PHASE_LIST, fault);
		return;
	}
	memcpy(t->watch.version, t->list.version, sizeof(t->watch.version));
	rz_kube_standing_saw(s, t->list.version);
	rz_kube_store_replace(t->store, t->list.fresh);
	t->listed = true;
	rz_debug("topology: kube %s: %zu slices, %zu endpoints, version %s", s->label,
		 rz_kube_store_slices(t->store), rz_kube_store_endpoints(t->store),
		 t->list.version);
	s->tries = 0;
	rz_kube_standing_proved(s, t->list.began_ns);
	rz_kube_standing_tell(s);
	watch_begin(t);
}

static void on_list(void *arg, enum rz_kube_list_end end, const char *fault)
{
	struct rz_kube_target *t = arg;

	switch (end) {
	case RZ_KUBE_LIST_DONE:
		list_done(t);
		break;
	case RZ_KUBE_LIST_AGAIN:
		wait_until(t, PHASE_LIST, 0);
		break;
	case RZ_KUBE_LIST_BAD:
		bad_answer(t, "list", fault);
		break;
	case RZ_KUBE_LIST_FAILED:
		failed(t, PHASE_LIST, fault);
		break;
	}
}

/* ---- the watch ---- */

static int on_event(void *arg, struct rz_kube_event *e)
{
	struct rz_kube_target *t = arg;
	struct rz_kube_standing *s = &t->standing;
	int err = 0;

	if (e->type == RZ_KUBE_SET)
		err = rz_kube_store_set(t->store, RZ_TAKE_PTR(e->slice));
	else if (e->type == RZ_KUBE_DELETED)
		rz_kube_store_delete(t->store, e->slice->name);
	if (err)
		return err;
	rz_kube_standing_saw(s, e->version);
	s->tries = 0;
	if (!s->failed && !s->bad)
		rz_kube_standing_proved(s, rz_now_ns());
	if (e->type != RZ_KUBE_BOOKMARK)
		rz_kube_standing_tell(s);
	return 0;
}

/* A watch that the server ended in order goes on where it was; at once, if it lasted a while. */
static void watch_again(struct rz_kube_target *t)
{
	bool brief = rz_kube_watch_brief(&t->watch);

	rz_kube_proof_stop(&t->proof);
	wait_until(t, PHASE_WATCH, brief ? rz_kube_standing_backoff(&t->standing) : 0);
}

static void on_watch(void *arg, enum rz_kube_watch_end end, const char *fault)
{
	struct rz_kube_target *t = arg;

	switch (end) {
	case RZ_KUBE_WATCH_OVER:
		watch_again(t);
		break;
	case RZ_KUBE_WATCH_BROKEN:
		rz_debug("topology: kube %s: watch: broken off: %s", t->standing.label, fault);
		t->standing.prove_at_ns = 0; /* what was missed meanwhile is to be proved at once */
		watch_again(t);
		break;
	case RZ_KUBE_WATCH_TOO_OLD:
		rz_debug("topology: kube %s: version %s is too old, listing again",
			 t->standing.label, t->watch.version);
		stop_requests(t);
		wait_until(t, PHASE_LIST,
			   t->watch.events ? 0 : rz_kube_standing_backoff(&t->standing));
		break;
	case RZ_KUBE_WATCH_ENDED:
		failed(t, PHASE_LIST, fault);
		break;
	case RZ_KUBE_WATCH_FAILED:
		failed(t, PHASE_WATCH, fault);
		break;
	case RZ_KUBE_WATCH_BAD:
		bad_answer(t, "watch: event", fault);
		break;
	}
}

/* ---- the proof ---- */

static void proof_begin(struct rz_kube_target *t)
{
	t->events = t->watch.events;
	rz_kube_proof_begin(&t->proof);
}

/* All names are there: do they say what we have? */
static void on_proof(void *arg)
{
	char fault[RZ_KUBE_WHY_SIZE];
	struct rz_kube_target *t = arg;
	struct rz_kube_standing *s = &t->standing;
	struct rz_kube_proof *p = &t->proof;

	if (rz_kube_standing_older(s, "proof", p->version, p->newest, fault)) {
		rz_kube_standing_note(s, fault);
		rz_kube_proof_later(p, rz_kube_standing_backoff(s));
	} else if (!rz_kube_watch_open(&t->watch)) { /* what is not watched is old in a moment */
		rz_kube_proof_later(p, PROOF_AGAIN_NS);
	} else if (rz_kube_store_equals(t->store, p->names)) {
		s->tries = 0;
		rz_kube_standing_saw(s, p->version);
		rz_kube_standing_proved(s, p->began_ns);
	} else if (t->watch.events != t->events) { /* it is just changing */
		rz_kube_proof_later(p, PROOF_AGAIN_NS);
	} else {
		rz_info("topology: kube %s: the watch has missed changes, listing again", s->label);
		wait_until(t, PHASE_LIST, 0);
	}
}

/* ---- called by kube.c ---- */

uint64_t rz_kube_target_step(struct rz_kube_target *t, uint64_t now_ns)
{
	if (t->phase == PHASE_WAIT && now_ns >= t->at_ns) {
		if (t->next == PHASE_WATCH && t->listed)
			watch_begin(t);
		else
			list_begin(t);
	}
	if (t->phase == PHASE_WATCH && rz_kube_watch_late(&t->watch, now_ns))
		failed(t, PHASE_WATCH, "watch: no answer in time");
	if (t->phase == PHASE_WATCH && !t->proof.req && now_ns >= t->standing.prove_at_ns)
		proof_begin(t);
	if (t->phase == PHASE_WAIT)
		return t->at_ns;
	if (t->phase == PHASE_WATCH && !t->proof.req)
		return t->standing.prove_at_ns;
	return now_ns + 60 * RZ_SECOND_NS; /* an answer, or its time-out, comes first */
}

void rz_kube_target_doubt(struct rz_kube_target *t, uint64_t now_ns)
{
	stop_requests(t);
	t->standing.proved_ns = 0;
	t->slices.fresh_connection = true;
	t->phase = PHASE_WAIT;
	t->next = PHASE_LIST;
	t->at_ns = now_ns;
}

int rz_kube_target_new(const struct rz_kube_api *api, const struct rz_kube_spec *spec,
		       uint64_t newest, struct rz_kube_target **ret)
{
	struct rz_kube_target *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->standing.api = api;
	rz_str_copy(t->standing.label, sizeof(t->standing.label), spec->label);
	t->standing.newest = newest;
	t->slices = (struct rz_kube_slices){strdup(spec->ns), rz_http_escape(spec->selector)};
	t->list = (struct rz_kube_list){.api = api,
					.slices = &t->slices,
					.standing = &t->standing,
					.ended = on_list,
					.arg = t};
	t->watch = (struct rz_kube_watch){.api = api,
					  .slices = &t->slices,
					  .standing = &t->standing,
					  .event = on_event,
					  .ended = on_watch,
					  .arg = t};
	t->proof = (struct rz_kube_proof){.api = api,
					  .slices = &t->slices,
					  .standing = &t->standing,
					  .ended = on_proof,
					  .arg = t};
	t->phase = PHASE_WAIT;
	t->next = PHASE_LIST;
	if (!t->slices.ns || !t->slices.selector || rz_kube_store_new(&t->store) ||
	    rz_kube_list_init(&t->list) || rz_kube_proof_init(&t->proof)) {
		rz_kube_target_free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

void rz_kube_target_free(struct rz_kube_target *t)
{
	if (!t)
		return;
	rz_kube_list_clear(&t->list);
	rz_kube_watch_clear(&t->watch);
	rz_kube_proof_clear(&t->proof);
	rz_kube_store_free(t->store);
	free(t->slices.ns);
	free(t->slices.selector);
	free(t);
}

const char *rz_kube_target_label(const struct rz_kube_target *t)
{
	return t->standing.label;
}

const struct rz_kube_store *rz_kube_target_store(const struct rz_kube_target *t)
{
	return t->store;
}

bool rz_kube_target_listed(const struct rz_kube_target *t)
{
	return t->listed;
}

uint64_t rz_kube_target_proved_ns(const struct rz_kube_target *t)
{
	return t->standing.proved_ns;
}

uint64_t rz_kube_target_newest(const struct rz_kube_target *t)
{
	return t->standing.newest;
}

const char *rz_kube_target_fault(const struct rz_kube_target *t)
{
	return t->standing.fault;
}

bool rz_kube_target_bad(const struct rz_kube_target *t)
{
	return t->standing.bad;
}

bool rz_kube_target_failed(const struct rz_kube_target *t)
{
	return t->standing.failed;
}
