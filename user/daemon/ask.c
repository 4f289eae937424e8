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
 * The daemon opens the connections, and neither reads nor writes on them: rezone-source does
 * (source/ask.h), in a process of its own that is started when somebody is to be asked, and ended
 * when all have answered. Its word is checked (report/asking.h). So is where the connections end:
 * they are entries of map `conns`, as all connections to agents, opened since, with the network
 * namespace that the candidates' have. An address that leads elsewhere from the daemon's namespace
 * is found out so. The kernel tells the daemon the connection's own port, so whoever asks cannot
 * pass off another connection as this one.
 *
 * Called by daemon/tick.c. At most RZ_REPORT_ASKS_MAX agents at a time, each once in ten seconds,
 * and later each time if it does not answer. Those for whom there was no room come first the next
 * time, so each has its turn after as many ticks as there are times RZ_REPORT_ASKS_MAX of them.
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
#define ENDING_NS (5 * RZ_SECOND_NS) /* so long a process may take to end by itself */

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

	rz_endpoint_format(at, sizeof(at), q->conn.agent.addr, q->conn.agent.port);
	d->counters.asked_failed++;
	d->status.ask_failed_ns = rz_now_ns();
	snprintf(d->status.ask_why, sizeof(d->status.ask_why), "%s: %s", at, why_not(error));
	rz_log_fields(RZ_LOG_INFO,
		      json_pack("{s:s, s:o}", "agent", at, "error", rz_json_error(error)),
		      "ask: agent %s did not say which versions it has: %s; clients there whose "
		      "library these would tell are judged as without them",
		      at, why_not(error));
}

/* It may have closed meanwhile. */
static void note_one(struct rz_daemon *d, uint64_t cookie, unsigned produce)
{
	int err = rz_told_note_agent(d->maps, cookie, produce);

	if (err && err != -ENOENT)
		rz_tally_error(d->maps, RZ_PLACE_TOLD_INSERT, err);
}

static void note(struct rz_daemon *d, size_t row, unsigned produce)
{
	const struct rz_daemon_ask *a = d->ask;
	size_t i;

	for (i = 0; i < a->n_conns; i++)
		if (a->conns[i].row == row)
			note_one(d, a->conns[i].cookie, produce);
}

static int see_conns(void *arg, const void *keys, const void *values, size_t n)
{
	const struct rz_conn *conns = values;
	struct rz_daemon_ask *a = arg;
	size_t i, k;

	(void)keys;
	for (i = 0; i < n; i++)
		for (k = 0; k < a->n; k++)
			a->rows[k].seen |= rz_asking_ends_at(&a->rows[k].conn, &conns[i]);
	return 0;
}

static int result_of(const struct rz_daemon_question *q)
{
	if (!q->answered)
		return -ECHILD;
	if (q->error)
		return q->error;
	return q->seen ? 0 : -EXDEV;
}

/* All have answered, or nobody else will. The connections are open until rz_daemon_ask_end(). */
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
		rz_asked_end(&a->asked, &q->conn.agent, q->conn.netns, !err, now_ns);
		note(d, i, err ? NO_ANSWER : q->produce_max);
		if (err)
			failed(d, q, err);
		else
			d->counters.asked_answered++;
	}
	a->n = a->n_conns = 0;
}

/* ---- who is to be asked ---- */

static struct rz_daemon_question *find(struct rz_daemon_ask *a, const struct rz_endpoint *at,
				       __u32 netns)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->rows[i].conn.netns == netns &&
		    !memcmp(&a->rows[i].conn.agent, at, sizeof(*at)))
			return &a->rows[i];
	return NULL;
}

/* Nobody is to wait for an agent that did not answer the last time, or is not asked at all. */
static void note_silent(struct rz_daemon *d, const struct rz_snapshot *snap,
			const struct rz_conn *c)
{
	const struct rz_print_row *r = rz_snapshot_print(snap, c);

	if (r && !r->told.agent_has)
		note_one(d, c->cookie, NO_ANSWER);
}

static void add(struct rz_daemon *d, const struct rz_snapshot *snap, const struct rz_conn *c)
{
	struct rz_endpoint at = {.port = c->tuple.agent_port};
	struct rz_daemon_ask *a = d->ask;
	struct rz_daemon_question *q;
	uint64_t now_ns = snap->now_ns;

	memcpy(at.addr, c->tuple.agent_addr, sizeof(at.addr));
	q = find(a, &at, c->netns);
	if (!q && !rz_asked_is_due(&a->asked, &at, c->netns, now_ns)) {
		if (rz_asked_is_silent(&a->asked, &at, c->netns, now_ns))
			note_silent(d, snap, c);
		return;
	}
	if (a->n_conns == RZ_ASK_CONNS_MAX || (!q && a->n == RZ_REPORT_ASKS_MAX)) {
		a->next = a->next ?: c->cookie;
		return;
	}
	if (!q) {
		q = &a->rows[a->n++];
		*q = (struct rz_daemon_question){
			.conn.agent = at, .conn.netns = c->netns, .fd = -1};
		rz_asked_begin(&a->asked, &at, c->netns, now_ns);
	}
	a->conns[a->n_conns].cookie = c->cookie;
	a->conns[a->n_conns++].row = (size_t)(q - a->rows);
}

/* The first connection that the last time had no room; they are sorted by their cookies. */
static size_t find_first(const struct rz_daemon_ask *a, const struct rz_rows *rows)
{
	size_t i = 0;

	while (i < rows->n && rows->rows[i].cookie < a->next)
		i++;
	return i;
}

/* The process that asked before does not end, and may not be killed. As long as it is there no
 * other one asks: there would be more of them each time. */
static void give_up(struct rz_daemon *d)
{
	static const char why[] = "the process that asked agents does not end, and rezone may not "
				  "kill it (CAP_KILL): no agent is asked";
	struct rz_daemon_ask *a = d->ask;

	if (a->told_ending)
		return;
	a->told_ending = true;
	d->status.ask_failed_ns = rz_now_ns();
	rz_str_copy(d->status.ask_why, sizeof(d->status.ask_why), why);
	rz_tally_error(d->maps, RZ_PLACE_SOURCE, -EBUSY);
	rz_log_fields(RZ_LOG_WARN, json_pack("{s:i}", "process", (int)a->ending), "ask: %s", why);
}

void rz_daemon_ask_see(struct rz_daemon *d, const struct rz_snapshot *snap,
		       const struct rz_rows *rows)
{
	struct rz_daemon_ask *a = d->ask;
	bool ended = a && rz_daemon_ask_has_ended(d);
	size_t k, first;

	if (!a || a->pid || (!ended && snap->now_ns < a->ending_ns + ENDING_NS))
		return;
	if (!ended)
		give_up(d);
	first = find_first(a, rows);
	a->next = 0;
	for (k = 0; k < rows->n; k++) {
		const struct rz_row *row = &rows->rows[(first + k) % rows->n];
		struct rz_conn c;

		if (!rows->kinds[row->kind].verdict.ask)
			continue;
		c = rz_rows_conn(rows, row);
		if (ended)
			add(d, snap, &c);
		else
			note_silent(d, snap, &c);
	}
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
