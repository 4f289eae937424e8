// SPDX-License-Identifier: Apache-2.0
/*
 * Asks agents which versions of Produce they have, where that may tell the library of a connection
 * (policy/offer.h).
 *
 * Comes in: a tick's verdicts. Goes out: what the agent said, in the entries of map `told` of
 * those connections for whose sake it was asked, so that `rezone list` and the next daemon know it,
 * too. All of these were open before the agent was asked, and a connection that is ESTABLISHED is
 * of a process that runs: so the answer is that process's, unless several listen at one address
 * (SO_REUSEPORT), and stays right for as long as they are open.
 *
 * The daemon talks to no agent: rezone-source does (source/ask.h), in a process of its own that is
 * started when somebody is to be asked, and ended when all have answered. Its word is checked
 * (report/asking.h), and so is where its connections end: they are entries of map `conns`, as all
 * connections to agents, with the network namespace that the candidates' have. An address that
 * leads elsewhere from the daemon's namespace is found out so; that the process lies about its own
 * port is not.
 *
 * Called by daemon/tick.c. At most RZ_REPORT_ASKS_MAX agents at a time, each once in ten seconds,
 * and later each time if it does not answer.
 */
#include "daemon/ask_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "kern/batch.h"
#include "kern/told.h"

#define NO_ANSWER (RZ_TOLD_NO_ANSWER - 1)

/* ---- what became of it ---- */

static const char *why_not(int error)
{
	switch (-error) {
	case ETIMEDOUT:
		return "no answer within a second";
	case EBADMSG:
		return "its answer is none to ApiVersions";
	case EPROTO:
		return "it refuses ApiVersions";
	case ENOENT:
		return "it has no Produce";
	case EXDEV:
		return "from rezone's network namespace this address leads elsewhere, or the "
		       "connection was not seen";
	case ECHILD:
		return "rezone-source, which was to ask, ended";
	default:
		return strerror(-error);
	}
}

static void failed(struct rz_daemon *d, const struct rz_daemon_question *q, int error)
{
	char at[64];

	rz_endpoint_format(at, sizeof(at), q->at.addr, q->at.port);
	d->counters.asked_failed++;
	d->status.ask_failed_ns = rz_now_ns();
	snprintf(d->status.ask_why, sizeof(d->status.ask_why), "%s: %s", at, why_not(error));
	rz_log_fields(RZ_LOG_INFO,
		      json_pack("{s:s, s:o}", "agent", at, "error", rz_json_error(error)),
		      "ask: agent %s did not say which versions it has: %s; clients there whose "
		      "library these would tell are judged as without them",
		      at, why_not(error));
}

/* Its connections may have closed meanwhile. */
static void note(struct rz_daemon *d, size_t row, unsigned produce)
{
	const struct rz_daemon_ask *a = d->ask;
	size_t i;

	for (i = 0; i < a->n_conns; i++)
		if (a->conns[i].row == row)
			rz_told_note_agent(d->maps, a->conns[i].cookie, produce);
}

static bool is_answers(const struct rz_daemon_question *q, const struct rz_conn *c)
{
	return q->answered && !q->answer.error && c->netns == q->netns &&
	       c->tuple.agent_port == q->at.port && c->tuple.client_port == q->answer.local_port &&
	       !memcmp(c->tuple.agent_addr, q->at.addr, sizeof(q->at.addr)) &&
	       !memcmp(c->tuple.client_addr, q->answer.local_addr, sizeof(q->answer.local_addr));
}

static int see_conns(void *arg, const void *keys, const void *values, size_t n)
{
	const struct rz_conn *conns = values;
	struct rz_daemon_ask *a = arg;
	size_t i, k;

	(void)keys;
	for (i = 0; i < n; i++)
		for (k = 0; k < a->n; k++)
			a->rows[k].seen |= is_answers(&a->rows[k], &conns[i]);
	return 0;
}

static int result_of(const struct rz_daemon_question *q)
{
	if (!q->answered)
		return -ECHILD;
	if (q->answer.error)
		return q->answer.error;
	return q->seen ? 0 : -EXDEV;
}

/* All have answered, or nobody else will. The connections are open until the process ends. */
static void finish(struct rz_daemon *d)
{
	struct rz_daemon_ask *a = d->ask;
	uint64_t now_ns = rz_now_ns();
	size_t i;
	int err;

	err = rz_batch_each(d->maps->conns, sizeof(uint64_t), sizeof(struct rz_conn), BPF_F_LOCK,
			    see_conns, a);
	if (err)
		rz_tally_error(d->maps, RZ_PLACE_READ, err);
	rz_daemon_ask_end(d);
	for (i = 0; i < a->n; i++) {
		struct rz_daemon_question *q = &a->rows[i];
		err = result_of(q);
		rz_asked_end(&a->asked, &q->at, q->netns, !err, now_ns);
		note(d, i, err ? NO_ANSWER : q->answer.produce_max);
		if (err)
			failed(d, q, err);
		else
			d->counters.asked_answered++;
	}
	a->n = a->n_conns = 0;
}

/* ---- who is to be asked ---- */

static struct rz_daemon_question *find(struct rz_daemon_ask *a, const struct rz_endpoint *at,
				       __u32 netns, uint64_t now_ns)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->rows[i].netns == netns && !memcmp(&a->rows[i].at, at, sizeof(*at)))
			return &a->rows[i];
	if (a->n == RZ_REPORT_ASKS_MAX || !rz_asked_begin(&a->asked, at, netns, now_ns))
		return NULL;
	a->rows[a->n] = (struct rz_daemon_question){.at = *at, .netns = netns};
	return &a->rows[a->n++];
}

/* Nobody is to wait for an agent that did not answer the last time. */
static void note_silent(struct rz_daemon *d, const struct rz_snapshot *snap,
			const struct rz_conn *c, const struct rz_endpoint *at)
{
	const struct rz_print_row *r = rz_snapshot_print(snap, c);

	if (r && !r->told.agent_has && rz_asked_is_silent(&d->ask->asked, at, c->netns, snap->now_ns))
		rz_told_note_agent(d->maps, c->cookie, NO_ANSWER);
}

static void add(struct rz_daemon *d, const struct rz_snapshot *snap, const struct rz_conn *c)
{
	struct rz_daemon_ask *a = d->ask;
	struct rz_endpoint at = {.port = c->tuple.agent_port};
	struct rz_daemon_question *q;

	memcpy(at.addr, c->tuple.agent_addr, sizeof(at.addr));
	q = a->n_conns < RZ_ASK_CONNS_MAX ? find(a, &at, c->netns, snap->now_ns) : NULL;
	if (!q) {
		note_silent(d, snap, c, &at);
		return;
	}
	a->conns[a->n_conns].cookie = c->cookie;
	a->conns[a->n_conns++].row = (size_t)(q - a->rows);
}

void rz_daemon_ask_see(struct rz_daemon *d, const struct rz_snapshot *snap, const struct rz_tick *t)
{
	struct rz_daemon_ask *a = d->ask;
	size_t i;

	if (!a || !rz_daemon_ask_has_ended(d))
		return;
	for (i = 0; i < snap->n_conns; i++)
		if (t->verdicts[i].ask)
			add(d, snap, &snap->conns[i]);
	if (a->n)
		rz_daemon_ask_run(d, finish);
}

int rz_daemon_ask_start(struct rz_daemon *d)
{
	if (!d->settings.ask_agents)
		return 0;
	d->ask = calloc(1, sizeof(*d->ask));
	if (!d->ask)
		return rz_err(-ENOMEM, "run: out of memory");
	d->ask->fd = d->ask->calls_fd = -1;
	d->ask->timer = rz_loop_add_timer(d->loop, rz_daemon_ask_late, d);
	return d->ask->timer < 0 ? d->ask->timer : 0;
}

void rz_daemon_ask_stop(struct rz_daemon *d)
{
	if (!d->ask)
		return;
	rz_daemon_ask_end(d);
	free(d->ask);
	d->ask = NULL;
}
