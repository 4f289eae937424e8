// SPDX-License-Identifier: Apache-2.0
/* What the daemon refuses of what the network process says: each message by itself, and against
 * what came before it. See intake.h. Pure. */
#include "report/intake_inside.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "topo/zone.h"

int rz_intake_refuse(const struct rz_intake_complaint *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, c->size, fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

static bool is_zone(const char zone[RZ_ZONE_SIZE])
{
	size_t len = strnlen(zone, RZ_ZONE_SIZE);

	return !len || (len < RZ_ZONE_SIZE && rz_zone_valid(zone, len));
}

const char *rz_intake_wrong_with(const struct rz_intake *in, const struct rz_report_agent *a)
{
	if (rz_addr_is_any(a->addr))
		return "an address that means any";
	if (!a->port)
		return "port 0";
	if (a->ready > 1)
		return "neither ready nor not";
	if (a->node >= RZ_REPORT_NODES)
		return "on no kind of node";
	if (a->target >= in->conf.n_targets)
		return "of a Service that was not asked for";
	if (!is_zone(a->zone))
		return "a zone that is no zone's name";
	return NULL;
}

static int check_target(const struct rz_intake *in, size_t i, const struct rz_report_state *m,
			const struct rz_intake_complaint *c)
{
	const struct rz_report_target *t = &m->targets[i];
	const char *name = in->conf.targets[i].name;

	if (t->proved_ns > m->sent_ns)
		return rz_intake_refuse(c, "%s: proved in the future", name);
	if (t->proved_ns && t->proved_ns < in->proved_ns[i])
		return rz_intake_refuse(c, "%s: proved %.1f s before it was proved last", name,
					(double)(in->proved_ns[i] - t->proved_ns) / 1e9);
	if (t->freeze != RZ_FREEZE_NONE && t->freeze != RZ_FREEZE_UNREACHABLE &&
	    t->freeze != RZ_FREEZE_UNREADABLE && t->freeze != RZ_FREEZE_CONTRADICTION &&
	    t->freeze != RZ_FREEZE_EMPTY)
		return rz_intake_refuse(c, "%s: freeze %u", name, t->freeze);
	if (t->agents > RZ_AGENTS_MAX || t->ready > t->agents)
		return rz_intake_refuse(c, "%s: %u of %u agents are ready", name, t->ready,
					t->agents);
	if (!rz_report_ends(t->note, sizeof(t->note)) ||
	    !rz_report_ends(t->left_out_why, sizeof(t->left_out_why)))
		return rz_intake_refuse(c, "%s: a text without an end", name);
	return 0;
}

int rz_intake_check_state(const struct rz_intake *in, const struct rz_report_state *m,
			  uint64_t now_ns, const struct rz_intake_complaint *c)
{
	size_t i;
	int err = 0;

	if (m->n_targets != in->conf.n_targets || m->asks_cloud != (in->conf.cloud[0] != '\0'))
		return rz_intake_refuse(c, "a state of %u Services, %zu were asked for",
					m->n_targets, in->conf.n_targets);
	if (m->is_new > 1 || m->known > 1 || (m->is_new && !m->known) ||
	    (!m->is_new && m->n_agents) || m->n_agents != in->n_agents)
		return rz_intake_refuse(c, "a state of %u agents, %zu came", m->n_agents,
					in->n_agents);
	if (m->sent_ns > now_ns)
		return rz_intake_refuse(c, "sent %.1f s in the future",
					(double)(m->sent_ns - now_ns) / 1e9);
	if (m->learned_ns > m->sent_ns)
		return rz_intake_refuse(c, "this node's zone, learned in the future");
	if (m->sent_ns < in->sent_ns)
		return rz_intake_refuse(c, "sent before the state that came before it");
	if (!is_zone(m->own_zone) || !is_zone(m->label_zone) || !is_zone(m->cloud_zone) ||
	    !is_zone(m->cloud_id))
		return rz_intake_refuse(c, "this node's zone is no zone's name");
	if (!rz_report_ends(m->cloud_note, sizeof(m->cloud_note)))
		return rz_intake_refuse(c, "a text without an end");
	for (i = 0; i < in->conf.n_targets && !err; i++)
		err = check_target(in, i, m, c);
	return err;
}
