// SPDX-License-Identifier: Apache-2.0
/* One watch: events, line by line, until it ends; see watch.h. */
#include "source/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define LINE_MAX_BYTES (16u << 20) /* etcd takes objects of 1.5 MB */
#define SHORT_WATCH_NS RZ_SECOND_NS

static int take_event(struct rz_kube_watch *w, struct rz_kube_event *e)
{
	int err;

	if (e->type == RZ_KUBE_ERROR) {
		w->gone = e->code == 410;
		snprintf(w->why, sizeof(w->why), "watch: the server ended it: code %d: %s", e->code,
			 e->message);
		return -ESTALE;
	}
	err = w->event(w->arg, e);
	if (err)
		return err; /* not taken: the next watch begins before it */
	memcpy(w->version, e->version, sizeof(w->version));
	w->events++;
	return 0;
}

/* One line. What cannot be read ends the watch. */
static int take_line(struct rz_kube_watch *w, const char *line, size_t len)
{
	char why[RZ_KUBE_WHY_SIZE] = "";
	struct rz_kube_event e;
	int err;

	if (!len || (len == 1 && *line == '\r'))
		return 0;
	err = rz_kube_event_parse(line, len, &w->api->form, &e, why);
	if (err == -EINVAL) {
		snprintf(w->why, sizeof(w->why), "%s", why);
		w->unreadable = true;
	}
	if (err)
		return err;
	err = take_event(w, &e);
	rz_kube_event_clear(&e);
	return err;
}

static int keep_rest(struct rz_kube_watch *w, const char *bytes, size_t n)
{
	char *more;

	if (w->len + n > LINE_MAX_BYTES) {
		snprintf(w->why, sizeof(w->why), "an event of more than %u MiB",
			 LINE_MAX_BYTES >> 20);
		w->unreadable = true;
		return -EFBIG;
	}
	if (w->len + n > w->room) {
		more = realloc(w->line, (w->len + n) * 2);
		if (!more)
			return -ENOMEM;
		w->line = more;
		w->room = (w->len + n) * 2;
	}
	memcpy(w->line + w->len, bytes, n);
	w->len += n;
	return 0;
}

static int on_data(void *arg, const char *bytes, size_t n)
{
	struct rz_kube_watch *w = arg;
	const char *end;
	int err;

	while ((end = memchr(bytes, '\n', n))) {
		size_t used = end - bytes;

		if (w->len) {
			err = keep_rest(w, bytes, used);
			if (!err)
				err = take_line(w, w->line, w->len);
			w->len = 0;
		} else {
			err = take_line(w, bytes, used);
		}
		if (err)
			return err;
		bytes += used + 1;
		n -= used + 1;
	}
	return n ? keep_rest(w, bytes, n) : 0;
}

static void on_done(void *arg, const struct rz_http_answer *a)
{
	struct rz_kube_watch *w = arg;
	char fault[RZ_KUBE_WHY_SIZE];

	w->req = NULL;
	snprintf(fault, sizeof(fault), "%s", w->why);
	if (w->unreadable) {
		w->ended(w->arg, RZ_KUBE_WATCH_BAD, fault);
	} else if (w->gone || a->status == 410) {
		w->ended(w->arg, RZ_KUBE_WATCH_TOO_OLD, "");
	} else if (w->why[0]) {
		w->ended(w->arg, RZ_KUBE_WATCH_ENDED, fault);
	} else if (a->status == 200 && (a->err == 0 || a->err == -ETIMEDOUT) && !w->len) {
		w->ended(w->arg, RZ_KUBE_WATCH_OVER, "");
	} else if (a->status == 200 && a->err != -ENOMEM) {
		snprintf(fault, sizeof(fault), "%s", a->why);
		w->ended(w->arg, RZ_KUBE_WATCH_BROKEN, fault);
	} else {
		rz_kube_api_fault(w->api, "watch", a, fault, sizeof(fault));
		w->standing->retry_after_ns = a->retry_after_ns;
		w->ended(w->arg, RZ_KUBE_WATCH_FAILED, fault);
	}
}

void rz_kube_watch_begin(struct rz_kube_watch *w)
{
	char why[RZ_KUBE_WHY_SIZE] = "";
	struct rz_kube_ask ask = {.slices = w->slices,
				  .version = w->version,
				  .on_data = on_data,
				  .on_done = on_done,
				  .arg = w,
				  .why = why};

	w->began_ns = rz_now_ns();
	w->len = 0;
	w->events = 0;
	w->gone = w->unreadable = false;
	w->why[0] = '\0';
	if (rz_kube_api_watch(w->api, &ask, &w->req))
		w->ended(w->arg, RZ_KUBE_WATCH_FAILED, why);
}

void rz_kube_watch_stop(struct rz_kube_watch *w)
{
	rz_http_cancel(RZ_TAKE_PTR(w->req));
}

bool rz_kube_watch_open(const struct rz_kube_watch *w)
{
	return w->req && rz_http_status(w->req) == 200;
}

bool rz_kube_watch_brief(const struct rz_kube_watch *w)
{
	return rz_now_ns() < w->began_ns + SHORT_WATCH_NS;
}

bool rz_kube_watch_late(const struct rz_kube_watch *w, uint64_t now_ns)
{
	return w->req && !rz_http_status(w->req) &&
	       now_ns > w->began_ns + rz_kube_api_time_out_ms(w->api) * 1000000;
}

void rz_kube_watch_clear(struct rz_kube_watch *w)
{
	rz_kube_watch_stop(w);
	free(w->line);
}
