// SPDX-License-Identifier: Apache-2.0
/* The network process's side of its talk with the daemon, see tell.h. */
#include "source/tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pass.h"
#include "base/str.h"
#include "report/report.h"

_Static_assert(RZ_KUBE_GROUPS_MAX == RZ_REPORT_TARGETS_MAX, "a report has room for all");

struct rz_tell {
	int fd, timer;
	struct rz_kube *kube;
	struct rz_cloud *cloud;
	struct rz_credential token, ca;
	uint64_t told; /* number of the topology that the daemon has, 0: it has none */
};

/* ---- to the daemon: each of these waits until it has room ---- */

static int send_agents(const struct rz_tell *t, const struct rz_topo *topo)
{
	struct rz_report_agents m = {};
	size_t i;
	int err = 0;

	for (i = 0; i < topo->n_agents && !err; i++) {
		const struct rz_topo_agent *a = &topo->agents[i];
		struct rz_report_agent *r = &m.rows[m.n++];

		*r = (struct rz_report_agent){
			.port = a->at.port, .ready = a->ready, .pod = a->pod, .target = a->source};
		r->node = a->home == RZ_HOME_OTHER_NODE ? RZ_REPORT_NODE_ELSEWHERE
			  : a->local			? RZ_REPORT_NODE_HERE
							: RZ_REPORT_NODE_UNKNOWN;
		memcpy(r->addr, a->at.addr, sizeof(r->addr));
		rz_str_copy(r->zone, sizeof(r->zone), a->zone);
		if (m.n < RZ_REPORT_AGENTS_ROWS && i + 1 < topo->n_agents)
			continue;
		m.head = rz_report_head(RZ_REPORT_AGENTS, offsetof(struct rz_report_agents, rows) +
								  m.n * sizeof(m.rows[0]));
		err = rz_pass_send(t->fd, &m, m.head.bytes, -1, 0);
		m.n = 0;
	}
	return err;
}

static void fill_targets(const struct rz_tell *t, struct rz_report_state *m)
{
	struct rz_source_row rows[RZ_REPORT_TARGETS_MAX];
	size_t i, n = rz_kube_rows(t->kube, rows, RZ_REPORT_TARGETS_MAX);

	m->n_targets = (__u8)n;
	for (i = 0; i < n; i++) {
		struct rz_report_target *r = &m->targets[i];

		*r = (struct rz_report_target){.proved_ns = rows[i].v.proved_ns,
					       .newest = rz_kube_newest(t->kube, i),
					       .agents = rows[i].v.agents,
					       .ready = rows[i].v.ready,
					       .left_out = rows[i].v.left_out,
					       .freeze = rows[i].freeze};
		rz_str_copy(r->note, sizeof(r->note), rows[i].v.note);
		rz_str_copy(r->left_out_why, sizeof(r->left_out_why), rows[i].v.left_out_why);
	}
}

static void fill_cloud(const struct rz_tell *t, struct rz_report_state *m)
{
	struct rz_source_row row;

	m->asks_cloud = rz_cloud_row(t->cloud, &row);
	if (!m->asks_cloud)
		return;
	m->learned_ns = row.v.proved_ns;
	rz_str_copy(m->cloud_note, sizeof(m->cloud_note), row.v.note);
	rz_str_copy(m->cloud_zone, sizeof(m->cloud_zone), rz_cloud_zone(t->cloud));
	rz_str_copy(m->cloud_id, sizeof(m->cloud_id), rz_cloud_id(t->cloud));
}

/* One with more agents than fit is not sent: what the daemon knows stays, and is not trusted. */
static void note_too_many(struct rz_report_state *m, size_t n)
{
	m->targets[0].freeze = RZ_FREEZE_UNREADABLE;
	snprintf(m->targets[0].note, sizeof(m->targets[0].note),
		 "%zu agents are more than the %d that fit", n, RZ_AGENTS_MAX);
}

static int report(struct rz_tell *t)
{
	const struct rz_topo *topo = rz_kube_topo(t->kube);
	struct rz_report_state m = {.head = rz_report_head(RZ_REPORT_STATE, sizeof(m))};
	bool fits = topo && topo->n_agents <= RZ_AGENTS_MAX;
	int err = 0;

	if (fits && rz_kube_number(t->kube) != t->told) {
		err = send_agents(t, topo);
		m.is_new = 1;
		m.n_agents = (__u32)topo->n_agents;
		t->told = rz_kube_number(t->kube);
	}
	m.known = t->told != 0;
	rz_str_copy(m.own_zone, sizeof(m.own_zone), rz_kube_own_zone(t->kube));
	rz_str_copy(m.label_zone, sizeof(m.label_zone), rz_kube_label_zone(t->kube));
	fill_targets(t, &m);
	fill_cloud(t, &m);
	if (topo && !fits)
		note_too_many(&m, topo->n_agents);
	m.sent_ns = rz_now_ns();
	return err ? err : rz_pass_send(t->fd, &m, sizeof(m), -1, 0);
}

/* The daemon is gone, or has had enough: so have we. */
static int on_second(void *arg)
{
	struct rz_tell *t = arg;
	int err = report(t);

	return err ? err : rz_loop_arm(t->timer, RZ_SECOND_NS);
}

static void on_news(void *arg)
{
	struct rz_tell *t = arg;

	rz_loop_arm(t->timer, 0);
}

/* ---- from the daemon ---- */

static int take(struct rz_tell *t, const void *msg, size_t len, int *passed)
{
	const struct rz_report_credential *c = msg;
	const struct rz_report_level *l = msg;
	char why[128];

	switch (rz_report_kind(msg, len, why, sizeof(why))) {
	case RZ_REPORT_TOKEN:
		rz_credential_take(&t->token, *passed, (int)c->error);
		break;
	case RZ_REPORT_CA:
		rz_credential_take(&t->ca, *passed, (int)c->error);
		break;
	case RZ_REPORT_DOUBT:
		rz_kube_doubt(t->kube);
		return 0;
	case RZ_REPORT_LEVEL:
		rz_log_setup(RZ_LOG_TEXT, (enum rz_log_level)l->level);
		return 0;
	default:
		return 0;
	}
	*passed = -1;
	return 0;
}

static int on_message(void *arg)
{
	struct rz_tell *t = arg;
	struct rz_report_credential m; /* the longest that comes */
	int passed = -1;
	ssize_t n = rz_pass_receive(t->fd, &m, sizeof(m), &passed);

	if (n == -EAGAIN)
		return 0;
	if (n <= 0)
		return n ? (int)n : -EPIPE;
	take(t, &m, (size_t)n, &passed);
	if (passed >= 0)
		close(passed);
	return 0;
}

/* ---- begin and end ---- */

static int begin(struct rz_tell *t, const struct rz_tell_conf *c, struct rz_loop *loop)
{
	struct rz_kube_conf kube = c->kube;
	int err = rz_loop_add(loop, t->fd, on_message, t);

	if (!err)
		err = t->timer = rz_loop_add_timer(loop, on_second, t);
	if (err < 0)
		return err;
	kube.token = &t->token;
	kube.ca = &t->ca;
	err = c->has_kube ? rz_kube_new(&kube, loop, on_news, t, &t->kube) : 0;
	if (!err)
		err = rz_cloud_new(&c->cloud, loop, on_news, t, &t->cloud);
	return err ? err : rz_loop_arm(t->timer, 0);
}

int rz_tell_new(const struct rz_tell_conf *c, struct rz_loop *loop, struct rz_tell **ret)
{
	struct rz_tell *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return rz_err(-ENOMEM, "source: out of memory");
	t->fd = c->fd;
	t->token = (struct rz_credential){.path = c->token_file, .fd = -1};
	t->ca = (struct rz_credential){.path = c->ca_file, .fd = -1};
	err = begin(t, c, loop);
	if (err) {
		rz_tell_free(t);
		return err;
	}
	*ret = t;
	return 0;
}

void rz_tell_free(struct rz_tell *t)
{
	if (!t)
		return;
	rz_kube_free(t->kube);
	rz_cloud_free(t->cloud);
	rz_credential_take(&t->token, -1, 0);
	rz_credential_take(&t->ca, -1, 0);
	free(t);
}
