// SPDX-License-Identifier: Apache-2.0
/* A target's watch, and the proof beside it that it has missed nothing; see target.h. */
#include "kube/target_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#define LINE_MAX_BYTES (16u << 20) /* etcd takes objects of 1.5 MB */
#define SHORT_WATCH_NS RZ_SECOND_NS

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
	rz_kube_saw(t, t->version);
	t->tries = 0;
	t->events++;
	if (!t->failed && !t->bad)
		rz_kube_proved(t, rz_now_ns());
	if (e->type != RZ_KUBE_BOOKMARK)
		rz_kube_tell(t);
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
	rz_kube_wait(t, PHASE_WATCH, brief ? rz_kube_backoff(t) : 0);
}

void rz_kube_on_watch(void *arg, const struct rz_http_answer *a)
{
	struct rz_kube_target *t = arg;
	char fault[RZ_KUBE_WHY_SIZE];

	t->main = NULL;
	if (t->unreadable) {
		snprintf(fault, sizeof(fault), "%s", t->ended);
		rz_kube_bad_answer(t, "watch: event", fault);
	} else if (t->gone || a->status == 410) {
		rz_debug("topology: kube %s: version %s is too old, listing again", t->label,
			 t->version);
		rz_kube_stop_requests(t);
		rz_kube_wait(t, PHASE_LIST, t->events ? 0 : rz_kube_backoff(t));
	} else if (t->ended[0]) {
		snprintf(fault, sizeof(fault), "%s", t->ended);
		rz_kube_failed(t, PHASE_LIST, fault);
	} else if (a->status == 200 && (a->err == 0 || a->err == -ETIMEDOUT) && !t->len) {
		watch_ended(t);
	} else if (a->status == 200 && a->err != -ENOMEM) {
		rz_debug("topology: kube %s: watch: broken off: %s", t->label, a->why);
		t->check_at_ns = 0; /* what was missed meanwhile is to be proved at once */
		watch_ended(t);
	} else {
		rz_kube_fault_text(t, "watch", a, fault, sizeof(fault));
		t->retry_after_ns = a->retry_after_ns;
		rz_kube_failed(t, PHASE_WATCH, fault);
	}
}

void rz_kube_watch_begin(struct rz_kube_target *t)
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
		rz_kube_failed(t, PHASE_WATCH, fault);
	}
}

/* ---- the proof ---- */

static void check_later(struct rz_kube_target *t, uint64_t ns)
{
	t->check_at_ns = rz_now_ns() + ns;
}

void rz_kube_check_begin(struct rz_kube_target *t, const char *next)
{
	if (!next) {
		struct rz_kube_store *empty = NULL;

		if (rz_kube_store_new(&empty))
			return;
		rz_kube_store_replace(t->names, empty);
		rz_kube_store_free(empty);
		t->version_of_check[0] = '\0';
		t->check_newest = t->newest;
		t->check_began_ns = rz_now_ns();
		t->check_events = t->events;
	}
	if (rz_kube_ask_check(t, next)) {
		rz_kube_target_note(t, t->ask_why);
		check_later(t, rz_kube_backoff(t));
	}
}

/* All names are there: do they say what we have? */
static void check_done(struct rz_kube_target *t)
{
	char fault[RZ_KUBE_WHY_SIZE];

	if (rz_kube_is_older(t, "proof", t->version_of_check, t->check_newest, fault)) {
		rz_kube_target_note(t, fault);
		check_later(t, rz_kube_backoff(t));
	} else if (rz_http_status(t->main) != 200) { /* what is not watched is old in a moment */
		check_later(t, RZ_SECOND_NS / 4);
	} else if (rz_kube_store_equals(t->store, t->names)) {
		t->tries = 0;
		rz_kube_saw(t, t->version_of_check);
		rz_kube_proved(t, t->check_began_ns);
	} else if (t->events != t->check_events) { /* it is just changing */
		check_later(t, RZ_SECOND_NS / 4);
	} else {
		rz_info("topology: kube %s: the watch has missed changes, listing again", t->label);
		rz_kube_wait(t, PHASE_LIST, 0);
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
		t->retry_after_ns = a->retry_after_ns;
		rz_kube_target_note(t, fault);
		check_later(t, rz_kube_backoff(t));
		return;
	}
	err = rz_kube_versions_parse(a->body, a->len, &p, why);
	if (!err && !t->version_of_check[0])
		memcpy(t->version_of_check, p->version, sizeof(t->version_of_check));
	if (!err)
		err = rz_kube_take_page(t->names, p);
	if (!err)
		next = RZ_TAKE_PTR(p->next);
	rz_kube_page_free(p);
	if (err == -EINVAL) {
		snprintf(fault, sizeof(fault), "proof: %.400s", why);
		rz_kube_target_note(t, fault);
	}
	if (err)
		check_later(t, rz_kube_backoff(t));
	else if (next)
		rz_kube_check_begin(t, next);
	else
		check_done(t);
}
