// SPDX-License-Identifier: Apache-2.0
/* One list and watch, see target.h. What is sent and how faults are worded is request.c's. */
#include "kube/target_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

#define LINE_MAX_BYTES (16u << 20) /* etcd takes objects of 1.5 MB */
#define PAGE_SLICES    50
#define BACKOFF_NS     (200 * 1000000ULL)
#define BACKOFF_MAX_NS (10 * RZ_SECOND_NS)
#define SHORT_WATCH_NS RZ_SECOND_NS

uint32_t rz_kube_random(void)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		r = (uint32_t)rz_now_ns();
	return r;
}

static void changed(struct rz_kube_target *t)
{
	t->api->changed(t->api->arg);
}

/* ---- how it stands ---- */

/* Half to one and a half of a delay that doubles with each try, so that a restarted server does not
 * meet all nodes at once. */
static uint64_t backoff(struct rz_kube_target *t)
{
	uint64_t ns = BACKOFF_NS << (t->tries < 8 ? t->tries : 8);
	uint64_t max = t->api->max_age_ns / 6;

	if (max > BACKOFF_MAX_NS)
		max = BACKOFF_MAX_NS;
	if (ns > max)
		ns = max;
	t->tries++;
	return ns / 2 + (uint64_t)((double)ns * rz_kube_random() / UINT32_MAX);
}

void rz_kube_target_note(struct rz_kube_target *t, const char *fault)
{
	char line[sizeof(t->fault)];
	bool known;

	rz_str_printable(line, sizeof(line), fault, strlen(fault));
	known = !strcmp(t->fault, line);
	memcpy(t->fault, line, sizeof(line));
	if (!known)
		rz_warn("topology: kube %s: %s", t->label, fault);
}

static void stop_requests(struct rz_kube_target *t)
{
	rz_http_cancel(t->main);
	rz_http_cancel(t->check);
	t->main = t->check = NULL;
}

static void wait_for(struct rz_kube_target *t, enum phase next, uint64_t ns)
{
	t->phase = PHASE_WAIT;
	t->next = next;
	t->at_ns = rz_now_ns() + ns;
}

/* Nothing is known to be current until an answer proves it. The request that failed is over. */
static void failed(struct rz_kube_target *t, enum phase next, const char *fault)
{
	t->main = NULL;
	stop_requests(t);
	t->failed = true;
	rz_kube_target_note(t, fault);
	wait_for(t, next, backoff(t));
	changed(t);
}

static void bad(struct rz_kube_target *t, const char *what, const char *why)
{
	char fault[RZ_KUBE_WHY_SIZE + 128];

	snprintf(fault, sizeof(fault), "%s: %s; nobody is moved until it can be read", what, why);
	t->bad = true;
	failed(t, PHASE_LIST, fault);
}

static void proved(struct rz_kube_target *t, uint64_t at_ns)
{
	bool news = t->failed || t->bad || t->fault[0];

	if (t->fault[0])
		rz_info("topology: kube %s: current again", t->label);
	t->proved_ns = at_ns;
	t->check_at_ns = rz_now_ns() + t->api->max_age_ns / 3;
	t->failed = t->bad = false;
	t->fault[0] = '\0';
	if (news)
		changed(t);
}

/* ---- list ---- */

static void list_begin(struct rz_kube_target *t);
static void watch_begin(struct rz_kube_target *t);

static int take_page(struct rz_kube_store *into, struct rz_kube_page *p)
{
	size_t i;
	int err = 0;

	for (i = 0; i < p->n && !err; i++)
		err = rz_kube_store_set(into, RZ_TAKE_PTR(p->slices[i]));
	return err;
}

static void list_done(struct rz_kube_target *t)
{
	rz_kube_store_replace(t->store, t->fresh);
	t->listed = true;
	rz_debug("topology: kube %s: %zu slices, %zu endpoints, version %s", t->label,
		 rz_kube_store_slices(t->store), rz_kube_store_endpoints(t->store), t->version);
	t->tries = 0;
	proved(t, t->began_ns);
	changed(t);
	watch_begin(t);
}

static void list_page(struct rz_kube_target *t, const char *next)
{
	int err = rz_kube_ask_list(t, next, t->page_slices);

	if (err) {
		char fault[RZ_KUBE_WHY_SIZE];

		snprintf(fault, sizeof(fault), "%s", t->ask_why);
		failed(t, PHASE_LIST, fault);
	}
}

/* An answer other than 200 to a list: too old a continue token means from the start. */
static void list_refused(struct rz_kube_target *t, const struct rz_http_answer *a)
{
	char fault[RZ_KUBE_WHY_SIZE];

	if (a->err == -EFBIG && t->page_slices > 1) {
		t->page_slices /= 2;
		wait_for(t, PHASE_LIST, 0);
		return;
	}
	rz_kube_fault_text(t, "list", a, fault, sizeof(fault));
	failed(t, PHASE_LIST, fault);
}

void rz_kube_on_list(void *arg, const struct rz_http_answer *a)
{
	_cleanup_free_ char *next = NULL;
	struct rz_kube_target *t = arg;
	struct rz_kube_page *p = NULL;
	char why[RZ_KUBE_WHY_SIZE] = "";
	int err;

	t->main = NULL;
	if (a->err || a->status != 200) {
		list_refused(t, a);
		return;
	}
	err = rz_kube_page_parse(a->body, a->len, &t->api->form, &p, why);
	if (err == -EINVAL) {
		rz_kube_bad_text(why, a);
		bad(t, "list", why);
		return;
	}
	if (!err && !t->version_of_list[0])
		memcpy(t->version_of_list, p->version, sizeof(t->version_of_list));
	if (!err)
		err = take_page(t->fresh, p);
	if (!err)
		next = RZ_TAKE_PTR(p->next);
	rz_kube_page_free(p);
	if (err) {
		failed(t, PHASE_LIST, "list: out of memory");
	} else if (next) {
		list_page(t, next);
	} else {
		memcpy(t->version, t->version_of_list, sizeof(t->version));
		list_done(t);
	}
}

static void list_begin(struct rz_kube_target *t)
{
	struct rz_kube_store *empty = NULL;

	stop_requests(t);
	if (rz_kube_store_new(&empty)) {
		failed(t, PHASE_LIST, "list: out of memory");
		return;
	}
	rz_kube_store_replace(t->fresh, empty);
	rz_kube_store_free(empty);
	t->version_of_list[0] = '\0';
	t->phase = PHASE_LIST;
	t->began_ns = rz_now_ns();
	list_page(t, NULL);
}

/* ---- watch ---- */

static int take_event(struct rz_kube_target *t, struct rz_kube_event *e)
{
	int err = 0;

	switch (e->type) {
	case RZ_KUBE_SET:
		err = rz_kube_store_set(t->store, RZ_TAKE_PTR(e->slice));
		break;
	case RZ_KUBE_DELETED:
		rz_kube_store_delete(t->store, e->slice->name);
		break;
	case RZ_KUBE_BOOKMARK:
		break;
	case RZ_KUBE_ERROR:
		t->gone = e->code == 410;
		snprintf(t->ended, sizeof(t->ended), "watch: the server ended it: code %d: %s",
			 e->code, e->message);
		return -ESTALE;
	}
	if (err)
		return err;
	memcpy(t->version, e->version, sizeof(t->version));
	t->tries = 0;
	t->events++;
	if (!t->failed && !t->bad)
		proved(t, rz_now_ns());
	if (e->type != RZ_KUBE_BOOKMARK)
		changed(t);
	return 0;
}

/* One line. What cannot be read ends the watch. */
static int take_line(struct rz_kube_target *t, const char *line, size_t len)
{
	char why[RZ_KUBE_WHY_SIZE] = "";
	struct rz_kube_event e;
	int err;

	if (!len || (len == 1 && *line == '\r'))
		return 0;
	err = rz_kube_event_parse(line, len, &t->api->form, &e, why);
	if (err == -EINVAL) {
		snprintf(t->ended, sizeof(t->ended), "%s", why);
		t->unreadable = true;
	}
	if (err)
		return err;
	err = take_event(t, &e);
	rz_kube_event_clear(&e);
	return err;
}

static int keep_rest(struct rz_kube_target *t, const char *bytes, size_t n)
{
	char *more;

	if (t->len + n > LINE_MAX_BYTES) {
		snprintf(t->ended, sizeof(t->ended), "an event of more than %u MiB",
			 LINE_MAX_BYTES >> 20);
		t->unreadable = true;
		return -EFBIG;
	}
	if (t->len + n > t->room) {
		more = realloc(t->line, (t->len + n) * 2);
		if (!more)
			return -ENOMEM;
		t->line = more;
		t->room = (t->len + n) * 2;
	}
	memcpy(t->line + t->len, bytes, n);
	t->len += n;
	return 0;
}

int rz_kube_on_watch_data(void *arg, const char *bytes, size_t n)
{
	struct rz_kube_target *t = arg;
	const char *end;
	int err;

	while ((end = memchr(bytes, '\n', n))) {
		size_t used = end - bytes;

		if (t->len) {
			err = keep_rest(t, bytes, used);
			if (!err)
				err = take_line(t, t->line, t->len);
			t->len = 0;
		} else {
			err = take_line(t, bytes, used);
		}
		if (err)
			return err;
		bytes += used + 1;
		n -= used + 1;
	}
	return n ? keep_rest(t, bytes, n) : 0;
}

/* A watch that the server ended in order goes on where it was; at once, if it lasted a while. */
static void watch_ended(struct rz_kube_target *t)
{
	bool brief = rz_now_ns() < t->began_ns + SHORT_WATCH_NS;

	rz_http_cancel(t->check);
	t->check = NULL;
	wait_for(t, PHASE_WATCH, brief ? backoff(t) : 0);
}

void rz_kube_on_watch(void *arg, const struct rz_http_answer *a)
{
	struct rz_kube_target *t = arg;
	char fault[RZ_KUBE_WHY_SIZE];

	t->main = NULL;
	if (t->unreadable) {
		snprintf(fault, sizeof(fault), "%s", t->ended);
		bad(t, "watch: event", fault);
	} else if (t->gone || a->status == 410) {
		rz_debug("topology: kube %s: version %s is too old, listing again", t->label,
			 t->version);
		stop_requests(t);
		wait_for(t, PHASE_LIST, t->events ? 0 : backoff(t));
	} else if (t->ended[0]) {
		snprintf(fault, sizeof(fault), "%s", t->ended);
		failed(t, PHASE_LIST, fault);
	} else if (a->status == 200 && (a->err == 0 || a->err == -ETIMEDOUT) && !t->len) {
		watch_ended(t);
	} else if (a->status == 200 && a->err != -ENOMEM) {
		rz_debug("topology: kube %s: watch: broken off: %s", t->label, a->why);
		t->check_at_ns = 0; /* what was missed meanwhile is to be proved at once */
		watch_ended(t);
	} else {
		rz_kube_fault_text(t, "watch", a, fault, sizeof(fault));
		failed(t, PHASE_WATCH, fault);
	}
}

static void watch_begin(struct rz_kube_target *t)
{
	t->phase = PHASE_WATCH;
	t->began_ns = rz_now_ns();
	t->len = 0;
	t->events = 0;
	t->gone = t->unreadable = false;
	t->ended[0] = '\0';
	if (t->failed)
		t->check_at_ns = 0;
	if (rz_kube_ask_watch(t)) {
		char fault[RZ_KUBE_WHY_SIZE];

		snprintf(fault, sizeof(fault), "%s", t->ask_why);
		failed(t, PHASE_WATCH, fault);
	}
}

/* ---- the proof ---- */

static void check_later(struct rz_kube_target *t, uint64_t ns)
{
	t->check_at_ns = rz_now_ns() + ns;
}

static void check_begin(struct rz_kube_target *t, const char *next)
{
	if (!next) {
		struct rz_kube_store *empty = NULL;

		if (rz_kube_store_new(&empty))
			return;
		rz_kube_store_replace(t->names, empty);
		rz_kube_store_free(empty);
		t->check_began_ns = rz_now_ns();
		t->check_events = t->events;
	}
	if (rz_kube_ask_check(t, next)) {
		rz_kube_target_note(t, t->ask_why);
		check_later(t, backoff(t));
	}
}

/* All names are there: do they say what we have? */
static void check_done(struct rz_kube_target *t)
{
	if (rz_http_status(t->main) != 200) { /* what is not watched is old in a moment */
		check_later(t, RZ_SECOND_NS / 4);
	} else if (rz_kube_store_equals(t->store, t->names)) {
		t->tries = 0;
		proved(t, t->check_began_ns);
	} else if (t->events != t->check_events) { /* it is just changing */
		check_later(t, RZ_SECOND_NS / 4);
	} else {
		rz_info("topology: kube %s: the watch has missed changes, listing again", t->label);
		wait_for(t, PHASE_LIST, 0);
	}
}

void rz_kube_on_check(void *arg, const struct rz_http_answer *a)
{
	_cleanup_free_ char *next = NULL;
	struct rz_kube_target *t = arg;
	struct rz_kube_page *p = NULL;
	char why[RZ_KUBE_WHY_SIZE] = "", fault[RZ_KUBE_WHY_SIZE];
	int err = 0;

	t->check = NULL;
	t->fresh_connection = a->err;
	if (a->err || a->status != 200) {
		rz_kube_fault_text(t, "proof", a, fault, sizeof(fault));
		rz_kube_target_note(t, fault);
		check_later(t, backoff(t));
		return;
	}
	err = rz_kube_versions_parse(a->body, a->len, &p, why);
	if (!err)
		err = take_page(t->names, p);
	if (!err)
		next = RZ_TAKE_PTR(p->next);
	rz_kube_page_free(p);
	if (err == -EINVAL) {
		snprintf(fault, sizeof(fault), "proof: %.400s", why);
		rz_kube_target_note(t, fault);
	}
	if (err)
		check_later(t, backoff(t));
	else if (next)
		check_begin(t, next);
	else
		check_done(t);
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
	if (t->phase == PHASE_WATCH && !rz_http_status(t->main) &&
	    now_ns > t->began_ns + rz_kube_time_out_ms(t->api) * 1000000) {
		rz_http_cancel(RZ_TAKE_PTR(t->main));
		failed(t, PHASE_WATCH, "watch: no answer in time");
	}
	if (t->phase == PHASE_WATCH && !t->check && now_ns >= t->check_at_ns)
		check_begin(t, NULL);
	if (t->phase == PHASE_WAIT)
		return t->at_ns;
	if (t->phase == PHASE_WATCH && !t->check)
		return t->check_at_ns;
	return now_ns + 60 * RZ_SECOND_NS; /* an answer, or its time-out, comes first */
}

void rz_kube_target_doubt(struct rz_kube_target *t, uint64_t now_ns)
{
	stop_requests(t);
	t->proved_ns = 0;
	t->fresh_connection = true;
	t->phase = PHASE_WAIT;
	t->next = PHASE_LIST;
	t->at_ns = now_ns;
}

int rz_kube_target_new(const struct rz_kube_api *api, const char *ns, const char *selector,
		       const char *label, struct rz_kube_target **ret)
{
	struct rz_kube_target *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->api = api;
	t->page_slices = PAGE_SLICES;
	rz_str_copy(t->label, sizeof(t->label), label);
	t->ns = strdup(ns);
	t->selector = rz_http_escape(selector);
	t->phase = PHASE_WAIT;
	t->next = PHASE_LIST;
	if (!t->ns || !t->selector || rz_kube_store_new(&t->store) ||
	    rz_kube_store_new(&t->fresh) || rz_kube_store_new(&t->names)) {
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
	stop_requests(t);
	rz_kube_store_free(t->store);
	rz_kube_store_free(t->fresh);
	rz_kube_store_free(t->names);
	free(t->ns);
	free(t->selector);
	free(t->line);
	free(t);
}
