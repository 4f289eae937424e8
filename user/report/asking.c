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
	if (!m->error &&
	    (m->produce_min > m->produce_max || m->produce_max >= RZ_TOLD_NO_ANSWER - 1))
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

static const char *wrong_hello(struct rz_asking *a, const struct rz_report_hello *m, bool passed)
{
	if (a->greeted)
		return "a second greeting";
	if (m->confined & ~(RZ_CONFINED_MOUNTS | RZ_CONFINED_COUNTED) || m->pad)
		return "a greeting with a confinement that there is not";
	if (passed != !!(m->confined & RZ_CONFINED_COUNTED))
		return "a greeting that does not say which descriptor it brings";
	a->greeted = true;
	return NULL;
}

static const char *wrong(struct rz_asking *a, enum rz_report_kind kind, const void *msg,
			 bool passed)
{
	if (kind == RZ_REPORT_HELLO)
		return wrong_hello(a, msg, passed);
	if (passed)
		return "a descriptor, which only a greeting may bring";
	if (kind == RZ_REPORT_LOG)
		return wrong_log(a, msg);
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
	what = wrong(a, kind, msg, passed);
	if (!what)
		return kind;
	snprintf(why, size, "%s", what);
	return RZ_REPORT_NONE;
}

bool rz_asking_ends_at(const struct rz_asking_conn *a, const struct rz_conn *c)
{
	const struct rz_tuple *t = &c->tuple;

	return c->netns == a->netns && c->opened_ns >= a->since_ns &&
	       t->agent_port == a->agent.port && t->client_port == a->local.port &&
	       !memcmp(t->agent_addr, a->agent.addr, sizeof(t->agent_addr)) &&
	       !memcmp(t->client_addr, a->local.addr, sizeof(t->client_addr));
}

/* ---- when an agent is asked again ---- */

static bool is_of(const struct rz_asked_row *r, const struct rz_endpoint *at, __u32 netns)
{
	return r->asked_ns && r->netns == netns && !memcmp(&r->at, at, sizeof(*at));
}

/* Where its row is; RZ_ASKED_MAX: there is none. */
static size_t find(const struct rz_asked *a, const struct rz_endpoint *at, __u32 netns)
{
	size_t i;

	for (i = 0; i < RZ_ASKED_MAX && !is_of(&a->rows[i], at, netns); i++)
		;
	return i;
}

/* A row that is free, or else the one of the agent that was asked the longest ago. */
static size_t find_room(const struct rz_asked *a)
{
	size_t i, oldest = 0;

	for (i = 1; i < RZ_ASKED_MAX; i++)
		if (a->rows[i].asked_ns < a->rows[oldest].asked_ns)
			oldest = i;
	return oldest;
}

bool rz_asked_is_due(const struct rz_asked *a, const struct rz_endpoint *at, __u32 netns,
		     uint64_t now_ns)
{
	size_t i = find(a, at, netns);

	return i == RZ_ASKED_MAX || rz_backoff_is_over(&a->rows[i].backoff, now_ns);
}

void rz_asked_begin(struct rz_asked *a, const struct rz_endpoint *at, __u32 netns, uint64_t now_ns)
{
	size_t i = find(a, at, netns);
	struct rz_asked_row *r = &a->rows[i < RZ_ASKED_MAX ? i : find_room(a)];

	if (i == RZ_ASKED_MAX)
		*r = (struct rz_asked_row){.at = *at, .netns = netns};
	r->asked_ns = now_ns;
	rz_backoff_began(&r->backoff, now_ns);
	r->backoff.next_ns = now_ns + RZ_ASKED_AGAIN_NS;
}

bool rz_asked_is_silent(const struct rz_asked *a, const struct rz_endpoint *at, __u32 netns,
			uint64_t now_ns)
{
	size_t i = find(a, at, netns);

	return i < RZ_ASKED_MAX && a->rows[i].backoff.wait_ns &&
	       !rz_backoff_is_over(&a->rows[i].backoff, now_ns);
}

void rz_asked_end(struct rz_asked *a, const struct rz_endpoint *at, __u32 netns, bool answered,
		  uint64_t now_ns)
{
	size_t i = find(a, at, netns);

	if (i == RZ_ASKED_MAX)
		return;
	if (answered)
		a->rows[i].backoff = (struct rz_backoff){.next_ns = now_ns + RZ_ASKED_AGAIN_NS};
	else
		rz_backoff_ended(&a->rows[i].backoff, RZ_ASKED_AGAIN_NS, now_ns);
}
