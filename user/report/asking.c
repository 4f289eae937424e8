// SPDX-License-Identifier: Apache-2.0
/* Talk with the process that asks agents, see asking.h. */
#include "report/asking.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rezone/print.h>

#include "base/log.h"

#define ERRNO_MAX 4095 /* as the kernel's own */

/* NULL: nothing is wrong with it. */
static const char *wrong_answer(struct rz_asking *a, const struct rz_report_answer *m)
{
	if (m->number >= a->n || a->answered >> m->number & 1)
		return "an answer to what was not asked";
	if (m->error > 0 || m->error < -ERRNO_MAX || m->pad)
		return "an answer with no error that there is";
	if (!m->error && (m->produce_min > m->produce_max ||
			  m->produce_max >= RZ_TOLD_NO_ANSWER - 1 || !m->local_port))
		return "an answer with versions that there are not";
	a->answered |= 1U << m->number;
	return NULL;
}

static const char *wrong_log(struct rz_asking *a, const struct rz_report_log *m)
{
	if (m->level > RZ_LOG_DEBUG || !rz_report_ends(m->text, sizeof(m->text)))
		return "a line of the log that is none";
	return a->lines++ < RZ_ASKING_LINES_MAX ? NULL : "too many lines of the log";
}

static const char *wrong(struct rz_asking *a, enum rz_report_kind kind, const void *msg)
{
	if (kind == RZ_REPORT_LOG)
		return wrong_log(a, msg);
	if (kind == RZ_REPORT_HELLO) {
		if (a->greeted)
			return "a second greeting";
		a->greeted = true;
		return NULL;
	}
	if (kind != RZ_REPORT_ANSWER)
		return "a message of a kind that it may not send";
	return a->greeted ? wrong_answer(a, msg) : "an answer before the greeting";
}

enum rz_report_kind rz_asking_take(struct rz_asking *a, const void *msg, size_t len, bool passed,
				   char *why, size_t size)
{
	enum rz_report_kind kind = rz_report_kind(msg, len, why, size);
	const char *what;

	if (kind == RZ_REPORT_NONE)
		return kind;
	what = passed && kind != RZ_REPORT_HELLO ? "a descriptor, which only a greeting may bring"
						 : wrong(a, kind, msg);
	if (!what)
		return kind;
	snprintf(why, size, "%s", what);
	return RZ_REPORT_NONE;
}

static bool is_of(const struct rz_asked_row *r, const struct rz_endpoint *at, __u32 netns)
{
	return r->backoff.next_ns && r->netns == netns && !memcmp(&r->at, at, sizeof(*at));
}

/* Its row, or one that is free, or whose time is over; NULL: there is none. */
static struct rz_asked_row *find(struct rz_asked *a, const struct rz_endpoint *at, __u32 netns,
				 uint64_t now_ns)
{
	struct rz_asked_row *room = NULL;
	size_t i;

	for (i = 0; i < RZ_ASKED_MAX; i++) {
		struct rz_asked_row *r = &a->rows[i];

		if (is_of(r, at, netns))
			return r;
		if (!room &&
		    (!r->backoff.next_ns || now_ns >= r->backoff.next_ns + r->backoff.wait_ns))
			room = r;
	}
	return room;
}

bool rz_asked_begin(struct rz_asked *a, const struct rz_endpoint *at, __u32 netns, uint64_t now_ns)
{
	struct rz_asked_row *r = find(a, at, netns, now_ns);

	if (!r)
		return false;
	if (!is_of(r, at, netns))
		*r = (struct rz_asked_row){.at = *at, .netns = netns};
	else if (!rz_backoff_is_over(&r->backoff, now_ns))
		return false;
	rz_backoff_began(&r->backoff, now_ns);
	r->backoff.next_ns = now_ns + RZ_ASKED_AGAIN_NS;
	return true;
}

bool rz_asked_is_silent(struct rz_asked *a, const struct rz_endpoint *at, __u32 netns,
			uint64_t now_ns)
{
	const struct rz_asked_row *r = find(a, at, netns, now_ns);

	return r && is_of(r, at, netns) && r->backoff.wait_ns &&
	       !rz_backoff_is_over(&r->backoff, now_ns);
}

void rz_asked_end(struct rz_asked *a, const struct rz_endpoint *at, __u32 netns, bool answered,
		  uint64_t now_ns)
{
	struct rz_asked_row *r = find(a, at, netns, now_ns);

	if (!r || !is_of(r, at, netns))
		return;
	if (answered)
		r->backoff = (struct rz_backoff){.next_ns = now_ns + RZ_ASKED_AGAIN_NS};
	else
		rz_backoff_ended(&r->backoff, RZ_ASKED_AGAIN_NS, now_ns);
}
