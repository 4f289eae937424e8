// SPDX-License-Identifier: Apache-2.0
/* What the daemon takes of what the network process says, see intake.h. What it refuses:
 * intake_check.c. Pure. */
#include "report/intake_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* ---- agents ---- */

static int make_room(struct rz_intake *in, size_t n)
{
	struct rz_topo_agent *more;

	if (in->n_agents + n <= in->room)
		return 0;
	more = realloc(in->agents, (in->n_agents + n) * 2 * sizeof(*more));
	if (!more)
		return -ENOMEM;
	in->agents = more;
	in->room = (in->n_agents + n) * 2;
	return 0;
}

static void add_agent(struct rz_intake *in, const struct rz_report_agent *from)
{
	struct rz_topo_agent *a = &in->agents[in->n_agents++];

	*a = (struct rz_topo_agent){.ready = from->ready,
				    .local = from->node == RZ_REPORT_NODE_HERE,
				    .home = from->node == RZ_REPORT_NODE_ELSEWHERE
						    ? RZ_HOME_OTHER_NODE
						    : RZ_HOME_UNCHECKED,
				    .pod = from->pod,
				    .source = from->target};
	memcpy(a->at.addr, from->addr, sizeof(a->at.addr));
	a->at.port = from->port;
	rz_str_copy(a->zone, sizeof(a->zone), from->zone);
	rz_str_copy(a->group, sizeof(a->group), in->conf.targets[from->target].group);
}

static int take_agents(struct rz_intake *in, const struct rz_report_agents *m,
		       const struct rz_intake_complaint *c)
{
	const char *wrong;
	size_t i;

	if (in->n_agents + m->n > RZ_AGENTS_MAX)
		return rz_intake_refuse(c, "more than the %d agents that fit", RZ_AGENTS_MAX);
	if (make_room(in, m->n))
		return -ENOMEM;
	for (i = 0; i < m->n; i++) {
		wrong = rz_intake_wrong_with(in, &m->rows[i]);
		if (wrong)
			return rz_intake_refuse(c, "agent %zu of a topology: %s", in->n_agents,
						wrong);
		add_agent(in, &m->rows[i]);
	}
	return 0;
}

/* ---- the state that ends a report ---- */

/* The agents that came are a topology of their own. */
static int take_topology(struct rz_intake *in, const struct rz_intake_complaint *c)
{
	struct rz_topo *t = calloc(1, sizeof(*t));
	char at[RZ_ENDPOINT_TEXT];
	size_t i;

	if (!t || make_room(in, 1)) {
		free(t);
		return -ENOMEM;
	}
	t->agents = in->agents;
	t->n_agents = in->n_agents;
	in->agents = NULL;
	in->n_agents = in->room = 0;
	rz_topo_sort(t);
	for (i = 1; i < t->n_agents; i++) {
		const struct rz_endpoint *e = &t->agents[i].at;

		if (memcmp(&t->agents[i - 1].at, e, sizeof(*e)))
			continue;
		rz_endpoint_format(at, sizeof(at), e->addr, e->port);
		rz_topo_free(t);
		return rz_intake_refuse(c, "agent %s stands twice in a topology", at);
	}
	rz_topo_free(in->topo);
	in->topo = t;
	return 0;
}

static void take_text(char *dst, size_t size, const char *from)
{
	rz_str_printable(dst, size, from, strlen(from));
}

/* What this process does not know yet stays as another one has left it. */
static void take_target(struct rz_intake *in, size_t i, const struct rz_report_state *m)
{
	const struct rz_report_target *t = &m->targets[i];
	struct rz_source_row *r = &in->rows[i];

	if (t->proved_ns) {
		in->proved_ns[i] = t->proved_ns;
		r->v.proved_ns = t->proved_ns;
	}
	if (t->newest > in->newest[i])
		in->newest[i] = t->newest;
	if (m->known) {
		r->v.agents = t->agents;
		r->v.ready = t->ready;
		r->v.left_out = t->left_out;
		take_text(r->v.left_out_why, sizeof(r->v.left_out_why), t->left_out_why);
	}
	/* who was in doubt stays so until this process has proved something, or doubts itself */
	if (t->proved_ns || t->freeze || !r->freeze)
		r->freeze = (enum rz_freeze)t->freeze;
	if (t->proved_ns || t->note[0] || !r->freeze)
		take_text(r->v.note, sizeof(r->v.note), t->note);
}

static int take_state(struct rz_intake *in, const struct rz_report_state *m, uint64_t now_ns,
		      const struct rz_intake_complaint *c)
{
	size_t i;
	int err = rz_intake_check_state(in, m, now_ns, c);

	if (!err && m->is_new)
		err = take_topology(in, c);
	if (err)
		return err;
	in->sent_ns = m->sent_ns;
	for (i = 0; i < in->conf.n_targets; i++)
		take_target(in, i, m);
	if (m->known)
		rz_str_copy(in->own_zone, sizeof(in->own_zone), m->own_zone);
	if (m->label_zone[0])
		rz_str_copy(in->label_zone, sizeof(in->label_zone), m->label_zone);
	take_text(in->cloud.v.note, sizeof(in->cloud.v.note), m->cloud_note);
	if (in->conf.cloud[0] && m->learned_ns) { /* a machine's zone never changes */
		in->cloud.v.proved_ns = m->learned_ns;
		rz_str_copy(in->cloud_zone, sizeof(in->cloud_zone), m->cloud_zone);
		rz_str_copy(in->cloud_id, sizeof(in->cloud_id), m->cloud_id);
	}
	return 0;
}

/* ---- the others ---- */

static int take_hello(struct rz_intake *in, const struct rz_report_hello *m,
		      struct rz_intake_said *ret, const struct rz_intake_complaint *c)
{
	if (in->greeted)
		return rz_intake_refuse(c, "a second greeting");
	if (m->confined & ~(RZ_CONFINED_MOUNTS | RZ_CONFINED_COUNTED))
		return rz_intake_refuse(c, "confined in a way that there is not");
	in->greeted = true;
	ret->got = RZ_INTAKE_HELLO;
	ret->confined = m->confined;
	return 0;
}

static int take_log(const struct rz_report_log *m, struct rz_intake_said *ret,
		    const struct rz_intake_complaint *c)
{
	if (m->level > RZ_LOG_DEBUG || !rz_report_ends(m->text, sizeof(m->text)))
		return rz_intake_refuse(c, "a log line without a level or an end");
	ret->got = RZ_INTAKE_LOG;
	ret->level = (enum rz_log_level)m->level;
	take_text(ret->text, sizeof(ret->text), m->text);
	return 0;
}

static int take(struct rz_intake *in, enum rz_report_kind kind, const void *msg, uint64_t now_ns,
		struct rz_intake_said *ret, const struct rz_intake_complaint *c)
{
	const struct rz_report_state *state = msg;
	int err;

	switch (kind) {
	case RZ_REPORT_HELLO:
		return take_hello(in, msg, ret, c);
	case RZ_REPORT_LOG:
		return take_log(msg, ret, c);
	case RZ_REPORT_AGENTS:
		ret->got = RZ_INTAKE_PART;
		return take_agents(in, msg, c);
	case RZ_REPORT_STATE:
		err = take_state(in, state, now_ns, c);
		in->n_agents = 0;
		ret->got = state->is_new ? RZ_INTAKE_TOPOLOGY : RZ_INTAKE_STATE;
		return err;
	default:
		return rz_intake_refuse(c, "a message of kind %u, which is the daemon's", kind);
	}
}

int rz_intake_take(struct rz_intake *in, const void *msg, size_t len, bool passed, uint64_t now_ns,
		   struct rz_intake_said *ret, char *why, size_t size)
{
	const struct rz_intake_complaint c = {why, size};
	enum rz_report_kind kind = rz_report_kind(msg, len, why, size);

	if (kind == RZ_REPORT_NONE)
		return -EBADMSG;
	if (passed && kind != RZ_REPORT_HELLO)
		return rz_intake_refuse(&c, "a descriptor, which only a greeting may bring");
	if (!in->greeted && kind != RZ_REPORT_HELLO && kind != RZ_REPORT_LOG)
		return rz_intake_refuse(&c, "a message of kind %u before the greeting", kind);
	return take(in, kind, msg, now_ns, ret, &c);
}

/* ---- what is known ---- */

const struct rz_topo *rz_intake_topo(const struct rz_intake *in)
{
	return in->topo;
}

const char *rz_intake_own_zone(const struct rz_intake *in)
{
	return in->own_zone;
}

const char *rz_intake_label_zone(const struct rz_intake *in)
{
	return in->label_zone;
}

const char *rz_intake_cloud_zone(const struct rz_intake *in)
{
	return in->cloud_zone;
}

const char *rz_intake_cloud_id(const struct rz_intake *in)
{
	return in->cloud_id;
}

static void copy_row(struct rz_source_row *to, const struct rz_source_row *from, const char *fault)
{
	*to = *from;
	if (*fault && !to->freeze)
		rz_str_copy(to->v.note, sizeof(to->v.note), fault);
}

size_t rz_intake_rows(const struct rz_intake *in, const char *fault, struct rz_source_row *rows,
		      size_t max)
{
	size_t n = 0;

	for (; n < in->conf.n_targets && n < max; n++)
		copy_row(&rows[n], &in->rows[n], fault);
	if (in->conf.cloud[0] && n < max)
		copy_row(&rows[n++], &in->cloud, fault);
	return n;
}

bool rz_intake_full(const struct rz_intake *in, size_t target)
{
	return in->rows[target].v.agents > 0;
}

uint64_t rz_intake_newest(const struct rz_intake *in, size_t target)
{
	return in->newest[target];
}

/* ---- begin and end ---- */

void rz_intake_begin(struct rz_intake *in)
{
	in->greeted = false;
	in->sent_ns = 0;
	in->n_agents = 0;
	memset(in->proved_ns, 0, sizeof(in->proved_ns));
}

int rz_intake_new(const struct rz_intake_conf *c, struct rz_intake **ret)
{
	struct rz_intake *in = calloc(1, sizeof(*in));
	size_t i;

	if (!in)
		return -ENOMEM;
	in->conf = *c;
	for (i = 0; i < c->n_targets; i++) {
		in->rows[i].must_be_fresh = true;
		rz_str_copy(in->rows[i].v.name, sizeof(in->rows[i].v.name), c->targets[i].name);
	}
	rz_str_copy(in->cloud.v.name, sizeof(in->cloud.v.name), c->cloud);
	*ret = in;
	return 0;
}

void rz_intake_free(struct rz_intake *in)
{
	if (!in)
		return;
	rz_topo_free(in->topo);
	free(in->agents);
	free(in);
}
