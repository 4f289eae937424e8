// SPDX-License-Identifier: Apache-2.0
/* All targets together, see kube.h. */
#include "source/kube.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "source/target.h"

#define NEWS_NS	       (100 * 1000000ULL) /* changes that come together are told together */
#define NEWS_MAX_NS    (500 * 1000000ULL)
#define LABEL_AGAIN_NS (60 * RZ_SECOND_NS)

struct rz_kube {
	struct rz_kube_api api;
	struct rz_loop *loop;
	struct rz_kube_target *targets[RZ_KUBE_GROUPS_MAX];
	struct rz_kube_spec specs[RZ_KUBE_GROUPS_MAX];
	size_t n;
	int step_timer, news_timer;
	bool news;	  /* the news timer is running */
	uint64_t news_ns; /* how long changes are gathered */
	uint64_t empty_confirm_ns, empty_since_ns;
	struct rz_topo *topo;
	uint64_t number; /* of topo */
	struct rz_kube_sum sum;
	bool full[RZ_KUBE_GROUPS_MAX], empty[RZ_KUBE_GROUPS_MAX];
	char *port_name, *node_name, *zone_label;
	char label_zone[RZ_ZONE_SIZE];
	struct rz_http_req *node;
	uint64_t node_at_ns;
	char node_fault[RZ_KUBE_WHY_SIZE];
	rz_kube_fn changed;
	void *arg;
};

/* ---- news ---- */

/* A fleet of agents does not vanish in a second: an empty answer after a full one is believed only
 * when it has stayed for a while. */
static bool wait_for_confirmation(struct rz_kube *k, uint64_t now)
{
	bool any = false;
	size_t i;

	for (i = 0; i < k->n; i++) {
		k->empty[i] =
			k->full[i] && !rz_kube_store_endpoints(rz_kube_target_store(k->targets[i]));
		any |= k->empty[i];
	}
	if (!any) {
		k->empty_since_ns = 0;
		return false;
	}
	if (!k->empty_since_ns)
		k->empty_since_ns = now;
	if (now < k->empty_since_ns + k->empty_confirm_ns) {
		rz_loop_arm(k->news_timer, k->empty_since_ns + k->empty_confirm_ns - now);
		k->news = false; /* any news in between may come first */
		return true;
	}
	for (i = 0; i < k->n; i++) {
		if (k->empty[i])
			rz_warn("topology: kube %s: has stayed empty, so it is: no agents",
				rz_kube_target_label(k->targets[i]));
		k->empty[i] = false;
	}
	k->empty_since_ns = 0;
	return false;
}

/* Once for each number of them. */
static void tell_left_out(const struct rz_kube *k, const struct rz_kube_sum *was)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (k->sum.left_out_of[i] && k->sum.left_out_of[i] != was->left_out_of[i])
			rz_warn("topology: kube %s: %u left out: %s",
				rz_kube_target_label(k->targets[i]), k->sum.left_out_of[i],
				k->sum.left_out_why[i]);
}

static int rebuild(struct rz_kube *k)
{
	struct rz_kube_group groups[RZ_KUBE_GROUPS_MAX];
	struct rz_topo *fresh = NULL;
	struct rz_kube_sum sum, was = k->sum;
	size_t i, g;
	int err;

	for (i = 0; i < k->n; i++)
		groups[i] = (struct rz_kube_group){rz_kube_target_store(k->targets[i]),
						   k->specs[i].group};
	err = rz_kube_build(groups, k->n, &fresh, &sum);
	if (err)
		return err;
	for (i = 0; i < fresh->n_agents; i++)
		for (g = 0; g < k->n; g++)
			if (!strcmp(fresh->agents[i].group, k->specs[g].group)) {
				fresh->agents[i].source = (uint8_t)g;
				break;
			}
	rz_topo_free(k->topo);
	k->topo = fresh;
	k->number++;
	k->sum = sum;
	tell_left_out(k, &was);
	for (i = 0; i < k->n; i++)
		k->full[i] = rz_kube_store_endpoints(rz_kube_target_store(k->targets[i]));
	return 0;
}

static int on_news(void *arg)
{
	struct rz_kube *k = arg;
	uint64_t begin = rz_now_ns();
	bool all = true;
	size_t i;

	k->news = false;
	for (i = 0; i < k->n; i++)
		all &= rz_kube_target_listed(k->targets[i]);
	if (all && !wait_for_confirmation(k, begin) && rebuild(k))
		rz_err(-ENOMEM, "topology: kube: out of memory; what was known stays");
	k->changed(k->arg);
	/* under a storm of changes at most a tenth of the time goes here */
	k->news_ns = (rz_now_ns() - begin) * 10;
	if (k->news_ns < NEWS_NS)
		k->news_ns = NEWS_NS;
	if (k->news_ns > NEWS_MAX_NS)
		k->news_ns = NEWS_MAX_NS;
	return 0;
}

static void on_changed(void *arg)
{
	struct rz_kube *k = arg;

	if (k->news)
		return;
	k->news = true;
	rz_loop_arm(k->news_timer, k->news_ns);
	rz_loop_arm(k->step_timer, 0);
}

/* ---- the node's label ---- */

static void on_node(void *arg, const struct rz_http_answer *a)
{
	char why[RZ_KUBE_WHY_SIZE] = "", message[240] = "";
	struct rz_kube *k = arg;
	int err = -EIO;

	k->node = NULL;
	k->node_at_ns = rz_now_ns() + LABEL_AGAIN_NS;
	if (!a->err && a->status == 200) {
		err = rz_kube_node_label(a->body, a->len, k->zone_label, k->label_zone, why);
	} else if (a->err) {
		snprintf(why, sizeof(why), "%s", a->why);
	} else {
		rz_kube_status_message(a->body, a->len, message, sizeof(message));
		snprintf(why, sizeof(why), "HTTP %d: %s", a->status, message);
	}
	if (err == -ENOENT)
		snprintf(why, sizeof(why), "it has no label %s", k->zone_label);
	if (err && strcmp(why, k->node_fault))
		rz_warn("topology: kube: node %s: %s; name this node's zone with --zone, or allow "
			"get "
			"on nodes",
			k->node_name, why);
	snprintf(k->node_fault, sizeof(k->node_fault), "%s", err ? why : "");
	if (!err) {
		k->node_at_ns = UINT64_MAX;
		on_changed(k);
	}
}

/* Asked only while the agents do not say it themselves. */
static void ask_node(struct rz_kube *k, uint64_t now)
{
	if (!k->zone_label || !*k->node_name || k->node || k->label_zone[0] ||
	    now < k->node_at_ns || !k->topo || k->sum.own_zone[0])
		return;
	k->node_at_ns = now + LABEL_AGAIN_NS;
	rz_kube_api_node(&k->api, k->node_name, on_node, k, &k->node);
}

/* ---- the loop ---- */

static int on_step(void *arg)
{
	struct rz_kube *k = arg;
	uint64_t now = rz_now_ns(), next = now + RZ_SECOND_NS;
	size_t i;

	for (i = 0; i < k->n; i++) {
		uint64_t at = rz_kube_target_step(k->targets[i], now);

		if (at < next)
			next = at;
	}
	ask_node(k, now);
	now = rz_now_ns();
	/* a step may have set a time that is past by now; never more often than each millisecond */
	return rz_loop_arm(k->step_timer, next > now + 1000000 ? next - now : 1000000);
}

void rz_kube_doubt(struct rz_kube *k)
{
	uint64_t now = rz_now_ns();
	size_t i;

	for (i = 0; k && i < k->n; i++)
		rz_kube_target_doubt(k->targets[i], now);
	if (k)
		rz_loop_arm(k->step_timer, 0);
}

/* ---- what is known ---- */

const struct rz_topo *rz_kube_topo(const struct rz_kube *k)
{
	return k ? k->topo : NULL;
}

uint64_t rz_kube_number(const struct rz_kube *k)
{
	return k ? k->number : 0;
}

const char *rz_kube_own_zone(const struct rz_kube *k)
{
	return k && k->topo ? k->sum.own_zone : "";
}

const char *rz_kube_label_zone(const struct rz_kube *k)
{
	return k ? k->label_zone : "";
}

static void fill_row(const struct rz_kube *k, size_t i, struct rz_source_row *r)
{
	const struct rz_kube_target *t = k->targets[i];

	memset(r, 0, sizeof(*r));
	r->must_be_fresh = true;
	snprintf(r->v.name, sizeof(r->v.name), "kube %.88s", rz_kube_target_label(t));
	r->v.proved_ns = rz_kube_target_proved_ns(t);
	r->v.agents = (uint32_t)k->sum.agents_of[i];
	r->v.ready = (uint32_t)k->sum.ready_of[i];
	r->v.left_out = k->sum.left_out_of[i];
	rz_str_copy(r->v.left_out_why, sizeof(r->v.left_out_why), k->sum.left_out_why[i]);
	rz_str_copy(r->v.note, sizeof(r->v.note), rz_kube_target_fault(t));
	if (rz_kube_target_bad(t))
		r->freeze = RZ_FREEZE_UNREADABLE;
	else if (rz_kube_target_failed(t))
		r->freeze = RZ_FREEZE_UNREACHABLE;
	else if (k->empty[i])
		r->freeze = RZ_FREEZE_EMPTY;
	else if (k->sum.contradiction[0] && !i)
		r->freeze = RZ_FREEZE_CONTRADICTION;
	if (r->freeze == RZ_FREEZE_EMPTY)
		rz_str_copy(
			r->v.note, sizeof(r->v.note),
			"all its endpoints vanished at once; they are kept until that is certain");
	if (r->freeze == RZ_FREEZE_CONTRADICTION)
		rz_str_copy(r->v.note, sizeof(r->v.note), k->sum.contradiction);
}

uint64_t rz_kube_newest(const struct rz_kube *k, size_t target)
{
	return k && target < k->n ? rz_kube_target_newest(k->targets[target]) : 0;
}

size_t rz_kube_rows(const struct rz_kube *k, struct rz_source_row *rows, size_t max)
{
	size_t i;

	for (i = 0; k && i < k->n && i < max; i++)
		fill_row(k, i, &rows[i]);
	return k ? i : 0;
}

/* ---- begin and end ---- */

static int copy(char **ret, const char *text)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -ENOMEM : 0;
}

static int make_targets(struct rz_kube *k, const struct rz_kube_conf *c)
{
	char why[256];
	size_t i;
	int err = rz_kube_specs_parse(c->services, c->selectors, k->specs, &k->n, why, sizeof(why));

	if (err) {
		k->n = 0;
		return rz_err(err, "kube: %s", why);
	}
	for (i = 0; i < k->n && !err; i++)
		err = rz_kube_target_new(&k->api, &k->specs[i], c->newest[i], &k->targets[i]);
	return err;
}

static int add_timers(struct rz_kube *k)
{
	k->step_timer = rz_loop_add_timer(k->loop, on_step, k);
	if (k->step_timer < 0)
		return k->step_timer;
	k->news_timer = rz_loop_add_timer(k->loop, on_news, k);
	if (k->news_timer < 0)
		return k->news_timer;
	return rz_loop_arm(k->step_timer, 0);
}

int rz_kube_new(const struct rz_kube_conf *c, struct rz_loop *loop, rz_kube_fn changed, void *arg,
		struct rz_kube **ret)
{
	struct rz_kube *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return -ENOMEM;
	k->loop = loop;
	k->changed = changed;
	k->arg = arg;
	k->news_ns = NEWS_NS;
	k->empty_confirm_ns = c->empty_confirm_ns;
	memcpy(k->full, c->full, sizeof(k->full));
	k->api.max_age_ns = c->max_age_ns;
	k->api.changed = on_changed;
	k->api.arg = k;
	err = copy(&k->port_name, c->port_name);
	if (!err)
		err = copy(&k->node_name, c->node_name ? c->node_name : "");
	if (!err)
		err = copy(&k->zone_label, c->zone_label);
	k->api.form = (struct rz_kube_form){k->port_name, k->node_name};
	k->api.token = c->token;
	k->api.ca = c->ca;
	if (!err)
		err = copy(&k->api.server, c->server);
	if (!err)
		err = rz_http_new(loop, &k->api.http);
	if (!err)
		err = make_targets(k, c);
	if (!err)
		err = add_timers(k);
	if (err) {
		rz_kube_free(k);
		return err;
	}
	*ret = k;
	return 0;
}

void rz_kube_free(struct rz_kube *k)
{
	size_t i;

	if (!k)
		return;
	rz_http_cancel(k->node);
	for (i = 0; i < k->n; i++)
		rz_kube_target_free(k->targets[i]);
	rz_http_free(k->api.http);
	rz_topo_free(k->topo);
	free(k->api.server);
	free(k->port_name);
	free(k->node_name);
	free(k->zone_label);
	free(k);
}
