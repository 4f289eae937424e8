// SPDX-License-Identifier: Apache-2.0
/* One list and watch, see target.h: how it stands, and the list. The watch and its proof are
 * watch.c's; what is sent and how faults are worded is request.c's. */
#include "kube/target_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

#define PAGE_SLICES	   50
#define BACKOFF_NS	   (200 * 1000000ULL)
#define BACKOFF_MAX_NS	   (10 * RZ_SECOND_NS)
/* A server in need asks for seconds. Whoever asks for hours would switch rezone off. */
#define RETRY_AFTER_MAX_NS (60 * RZ_SECOND_NS)

uint32_t rz_kube_random(void)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		r = (uint32_t)rz_now_ns();
	return r;
}

void rz_kube_tell(struct rz_kube_target *t)
{
	t->api->changed(t->api->arg);
}

/* ---- how it stands ---- */

/* Half to one and a half of a delay that doubles with each try, so that a restarted server does not
 * meet all nodes at once. */
uint64_t rz_kube_backoff(struct rz_kube_target *t)
{
	uint64_t ns = BACKOFF_NS << (t->tries < 8 ? t->tries : 8);
	uint64_t max = t->api->max_age_ns / 6, asked = t->retry_after_ns;

	if (max > BACKOFF_MAX_NS)
		max = BACKOFF_MAX_NS;
	if (ns > max)
		ns = max;
	t->tries++;
	t->retry_after_ns = 0;
	ns = ns / 2 + (uint64_t)((double)ns * rz_kube_random() / UINT32_MAX);
	/* on top of it, so that those who were sent away together do not come back together */
	return ns + (asked < RETRY_AFTER_MAX_NS ? asked : RETRY_AFTER_MAX_NS);
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

void rz_kube_stop_requests(struct rz_kube_target *t)
{
	rz_http_cancel(t->main);
	rz_http_cancel(t->check);
	t->main = t->check = NULL;
}

void rz_kube_wait(struct rz_kube_target *t, enum phase next, uint64_t ns)
{
	t->phase = PHASE_WAIT;
	t->next = next;
	t->at_ns = rz_now_ns() + ns;
}

/* Nothing is known to be current until an answer proves it. The request that failed is over. */
void rz_kube_failed(struct rz_kube_target *t, enum phase next, const char *fault)
{
	t->main = NULL;
	rz_kube_stop_requests(t);
	t->failed = true;
	rz_kube_target_note(t, fault);
	rz_kube_wait(t, next, rz_kube_backoff(t));
	rz_kube_tell(t);
}

void rz_kube_bad_answer(struct rz_kube_target *t, const char *what, const char *why)
{
	char fault[RZ_KUBE_WHY_SIZE + 128];

	snprintf(fault, sizeof(fault), "%s: %s; nobody is moved until it can be read", what, why);
	t->bad = true;
	rz_kube_failed(t, PHASE_LIST, fault);
}

void rz_kube_proved(struct rz_kube_target *t, uint64_t at_ns)
{
	bool news = t->failed || t->bad || t->fault[0];

	if (t->fault[0])
		rz_info("topology: kube %s: current again", t->label);
	t->proved_ns = at_ns;
	t->check_at_ns = rz_now_ns() + t->api->max_age_ns / 3;
	t->failed = t->bad = false;
	t->fault[0] = '\0';
	if (news)
		rz_kube_tell(t);
}

/* ---- versions ---- */

/*
 * Versions are opaque by the API's word, but decimal numbers that grow in every API server there
 * is; what is no number is not compared.
 */
static bool number_of(const char *version, uint64_t *ret)
{
	size_t len = strlen(version);

	if (!len || len > 19 || strspn(version, "0123456789") != len)
		return false;
	*ret = strtoull(version, NULL, 10);
	return true;
}

void rz_kube_saw(struct rz_kube_target *t, const char *version)
{
	uint64_t v;

	if (number_of(version, &v) && v > t->newest)
		t->newest = v;
}

/*
 * An API server that lags behind catches up in seconds. Where it stays so for topology_max_age
 * while its versions grow, the store itself went back: it was restored from a backup, and is the
 * truth.
 */
bool rz_kube_is_older(struct rz_kube_target *t, const char *what, const char *version,
		      uint64_t newest, char *fault)
{
	uint64_t v, now = rz_now_ns();

	if (!number_of(version, &v) || v >= newest) {
		t->older_since_ns = 0;
		return false;
	}
	if (!t->older_since_ns) {
		t->older_since_ns = now;
		t->older_first = v;
	}
	if (now > t->older_since_ns + t->api->max_age_ns && v > t->older_first) {
		rz_warn("topology: kube %s: versions went back to %s for good (a restored etcd): "
			"believed from now on",
			t->label, version);
		t->newest = v;
		t->older_since_ns = 0;
		return false;
	}
	snprintf(fault, RZ_KUBE_WHY_SIZE,
		 "%s: its version %s is older than %llu, which was seen before (a server that lags "
		 "behind, or a restored etcd): it proves nothing",
		 what, version, (unsigned long long)newest);
	return true;
}

/* ---- list ---- */

static void list_begin(struct rz_kube_target *t);

int rz_kube_take_page(struct rz_kube_store *into, struct rz_kube_page *p)
{
	size_t i;
	int err = 0;

	for (i = 0; i < p->n && !err; i++)
		err = rz_kube_store_set(into, RZ_TAKE_PTR(p->slices[i]));
	return err;
}

static void list_done(struct rz_kube_target *t)
{
	char fault[RZ_KUBE_WHY_SIZE];

	if (rz_kube_is_older(t, "list", t->version_of_list, t->newest, fault)) {
		rz_kube_failed(t, PHASE_LIST, fault);
		return;
	}
	memcpy(t->version, t->version_of_list, sizeof(t->version));
	rz_kube_saw(t, t->version);
	rz_kube_store_replace(t->store, t->fresh);
	t->listed = true;
	rz_debug("topology: kube %s: %zu slices, %zu endpoints, version %s", t->label,
		 rz_kube_store_slices(t->store), rz_kube_store_endpoints(t->store), t->version);
	t->tries = 0;
	rz_kube_proved(t, t->began_ns);
	rz_kube_tell(t);
	rz_kube_watch_begin(t);
}

static void list_page(struct rz_kube_target *t, const char *next)
{
	int err = rz_kube_ask_list(t, next, t->page_slices);

	if (err) {
		char fault[RZ_KUBE_WHY_SIZE];

		snprintf(fault, sizeof(fault), "%s", t->ask_why);
		rz_kube_failed(t, PHASE_LIST, fault);
	}
}

/* An answer other than 200 to a list: too old a continue token means from the start. */
static void list_refused(struct rz_kube_target *t, const struct rz_http_answer *a)
{
	char fault[RZ_KUBE_WHY_SIZE];

	if (a->err == -EFBIG && t->page_slices > 1) {
		t->page_slices /= 2;
		rz_kube_wait(t, PHASE_LIST, 0);
		return;
	}
	rz_kube_fault_text(t, "list", a, fault, sizeof(fault));
	t->retry_after_ns = a->retry_after_ns;
	rz_kube_failed(t, PHASE_LIST, fault);
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
		rz_kube_bad_answer(t, "list", why);
		return;
	}
	if (!err && !t->version_of_list[0])
		memcpy(t->version_of_list, p->version, sizeof(t->version_of_list));
	if (!err)
		err = rz_kube_take_page(t->fresh, p);
	if (!err)
		next = RZ_TAKE_PTR(p->next);
	rz_kube_page_free(p);
	if (err) {
		rz_kube_failed(t, PHASE_LIST, "list: out of memory");
	} else if (next) {
		list_page(t, next);
	} else {
		list_done(t);
	}
}

static void list_begin(struct rz_kube_target *t)
{
	struct rz_kube_store *empty = NULL;

	rz_kube_stop_requests(t);
	if (rz_kube_store_new(&empty)) {
		rz_kube_failed(t, PHASE_LIST, "list: out of memory");
		return;
	}
	rz_kube_store_replace(t->fresh, empty);
	rz_kube_store_free(empty);
	t->version_of_list[0] = '\0';
	t->phase = PHASE_LIST;
	t->began_ns = rz_now_ns();
	list_page(t, NULL);
}

/* ---- called by kube.c ---- */

uint64_t rz_kube_target_step(struct rz_kube_target *t, uint64_t now_ns)
{
	if (t->phase == PHASE_WAIT && now_ns >= t->at_ns) {
		if (t->next == PHASE_WATCH && t->listed)
			rz_kube_watch_begin(t);
		else
			list_begin(t);
	}
	if (t->phase == PHASE_WATCH && !rz_http_status(t->main) &&
	    now_ns > t->began_ns + rz_kube_time_out_ms(t->api) * 1000000) {
		rz_http_cancel(RZ_TAKE_PTR(t->main));
		rz_kube_failed(t, PHASE_WATCH, "watch: no answer in time");
	}
	if (t->phase == PHASE_WATCH && !t->check && now_ns >= t->check_at_ns)
		rz_kube_check_begin(t, NULL);
	if (t->phase == PHASE_WAIT)
		return t->at_ns;
	if (t->phase == PHASE_WATCH && !t->check)
		return t->check_at_ns;
	return now_ns + 60 * RZ_SECOND_NS; /* an answer, or its time-out, comes first */
}

void rz_kube_target_doubt(struct rz_kube_target *t, uint64_t now_ns)
{
	rz_kube_stop_requests(t);
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
	rz_kube_stop_requests(t);
	rz_kube_store_free(t->store);
	rz_kube_store_free(t->fresh);
	rz_kube_store_free(t->names);
	free(t->ns);
	free(t->selector);
	free(t->line);
	free(t);
}
