// SPDX-License-Identifier: Apache-2.0
/*
 * From slices to agents, see store.h. Pure.
 *
 * An agent is a pod: its uid. An endpoint without one (mirrored from another cluster, or written by
 * an operator's controller) is an agent by its first address and port, and so is one whose uid
 * several endpoints of one slice share, for then it is no pod's.
 *
 * A pod may stand in several slices: one for each address family, one for each Service that selects
 * it, for a moment two when the controller moves it. All rows of a pod must agree on its zone, and
 * it serves only if all say so; two pods that serve at one address contradict each other.
 */
#include "source/store_rows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

struct row {
	const struct rz_kube_endpoint *e;
	const struct rz_kube_slice *slice;
	const char *who; /* what is one agent: the uid, or the first address and port */
	bool by_address; /* ... the latter */
	uint16_t port;
	uint16_t group;	  /* index; the lower has precedence */
	uint32_t pod;	  /* a number for `who`, from 1 */
	bool serves;	  /* all rows of the pod in this group say so */
	const char *zone; /* the pod's */
};

struct work {
	struct row *rows;
	size_t n;
	const struct rz_kube_group *groups;
	struct rz_kube_sum *sum;
};

static void __attribute__((format(printf, 2, 3))) contradict(struct work *w, const char *fmt, ...)
{
	char line[sizeof(w->sum->contradiction)];
	va_list ap;

	if (w->sum->contradiction[0])
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	rz_str_printable(w->sum->contradiction, sizeof(line), line, strlen(line));
}

static void note_left_out(struct rz_kube_sum *sum, size_t g, const struct rz_kube_slice *s)
{
	if (s->left_out && !sum->left_out_of[g])
		memcpy(sum->left_out_why[g], s->left_out_why, sizeof(sum->left_out_why[g]));
	sum->left_out_of[g] += s->left_out;
}

static size_t gather(struct work *w, size_t n_groups)
{
	struct rz_kube_entry *s, *next;
	size_t g, i, n = 0;

	for (g = 0; g < n_groups; g++)
		HASH_ITER (hh, w->groups[g].store->by_name, s, next) {
			note_left_out(w->sum, g, s->slice);
			for (i = 0; i < s->slice->n; i++)
				w->rows[n++] = (struct row){.e = &s->slice->endpoints[i],
							    .slice = s->slice,
							    .port = s->slice->port,
							    .group = (uint16_t)g,
							    .serves = s->slice->endpoints[i].serves,
							    .zone = s->slice->endpoints[i].zone};
		}
	return n;
}

static int by_uid(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int d = strcmp(x->e->uid, y->e->uid);

	if (!d)
		d = (x->slice > y->slice) - (x->slice < y->slice);
	return d ? d : (int)x->e->number - (int)y->e->number;
}

static bool is_v4(const struct rz_kube_endpoint *e)
{
	static const __u8 prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return !memcmp(e->addr, prefix, sizeof(prefix));
}

/* Two endpoints of one slice; a pod has one, with one address of a family. */
static bool share_uid(const struct row *a, const struct row *b)
{
	return a->slice == b->slice && a->e->number != b->e->number && is_v4(a->e) == is_v4(b->e) &&
	       memcmp(a->e->addr, b->e->addr, sizeof(a->e->addr));
}

/* Decides who each row is. */
static void name_rows(struct work *w)
{
	size_t i, k, end;

	qsort(w->rows, w->n, sizeof(*w->rows), by_uid);
	for (i = 0; i < w->n; i = end) {
		bool by_address = !*w->rows[i].e->uid;

		for (end = i + 1; end < w->n && !strcmp(w->rows[i].e->uid, w->rows[end].e->uid);
		     end++)
			by_address |= share_uid(&w->rows[end - 1], &w->rows[end]);
		for (k = i; k < end; k++) {
			w->rows[k].by_address = by_address;
			w->rows[k].who = by_address ? w->rows[k].e->first : w->rows[k].e->uid;
		}
	}
}

static int by_pod(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int d = strcmp(x->who, y->who);

	return d ? d : (int)x->group - (int)y->group;
}

/* One pod's rows: one zone; within a group, serving only if all are. */
static void agree(struct work *w, struct row *r, size_t n, uint32_t pod)
{
	const char *zone = "";
	bool serves = true;
	size_t i, first = 0;

	for (i = 0; i < n; i++) {
		if (!*r[i].e->zone)
			continue;
		if (*zone && strcmp(zone, r[i].e->zone))
			contradict(w, "pod %s stands in zone %s and in zone %s", r[i].who, zone,
				   r[i].e->zone);
		else
			zone = r[i].e->zone;
	}
	for (i = 0; i <= n; i++) {
		if (i == n || r[i].group != r[first].group) {
			for (; first < i; first++)
				r[first].serves = serves;
			serves = true;
		}
		if (i < n) {
			serves &= r[i].e->serves;
			r[i].pod = pod;
			r[i].zone = zone;
		}
	}
}

static void join_pods(struct work *w)
{
	uint32_t pod = 0;
	size_t i, end;

	qsort(w->rows, w->n, sizeof(*w->rows), by_pod);
	for (i = 0; i < w->n; i = end) {
		for (end = i + 1; end < w->n && !strcmp(w->rows[i].who, w->rows[end].who); end++)
			;
		agree(w, &w->rows[i], end - i, ++pod);
	}
}

static int by_address(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int d = memcmp(x->e->addr, y->e->addr, sizeof(x->e->addr));

	if (!d)
		d = (int)x->port - (int)y->port;
	if (!d)
		d = (int)y->serves -
		    (int)x->serves; /* who serves there is who has the address now */
	if (!d)
		d = (int)x->group - (int)y->group;
	if (!d)
		d = x->pod < y->pod ? -1 : x->pod > y->pod;
	return d;
}

static bool same_place(const struct row *a, const struct row *b)
{
	return a->port == b->port && !memcmp(a->e->addr, b->e->addr, sizeof(a->e->addr));
}

/* Both may be one agent, of which one slice knows less. */
static bool may_be_one(const struct row *a, const struct row *b)
{
	return (a->by_address || b->by_address) &&
	       (!*a->zone || !*b->zone || !strcmp(a->zone, b->zone));
}

/* The row that has an address: of the pod that serves, in the first group that names that pod. */
static const struct row *holder(struct work *w, const struct row *r, size_t n)
{
	const struct row *h = r;
	char at[RZ_ENDPOINT_TEXT];
	size_t i;

	for (i = 1; i < n; i++) {
		if (r[i].pod == h->pod) {
			h = r[i].group < h->group ? &r[i] : h;
			continue;
		}
		if (!r[i].serves || !h->serves)
			continue;
		if (may_be_one(&r[i], h)) {
			h = h->by_address && (!r[i].by_address || !*h->zone) ? &r[i] : h;
			continue;
		}
		rz_endpoint_format(at, sizeof(at), r[i].e->addr, r[i].port);
		contradict(
			w,
			"%s is the address of two that serve: pod %s in zone %s and pod %s in zone "
			"%s",
			at, h->who, *h->zone ? h->zone : "-", r[i].who,
			*r[i].zone ? r[i].zone : "-");
	}
	return h;
}

static void note_own_zone(struct work *w, const struct row *r)
{
	char *own = w->sum->own_zone;

	if (!r->e->local || !*r->zone)
		return;
	if (*own && strcmp(own, r->zone))
		contradict(w, "the agents of this node stand in zone %s and in zone %s", own,
			   r->zone);
	else
		rz_str_copy(own, RZ_ZONE_SIZE, r->zone);
}

static void choose(struct work *w, struct rz_topo *t)
{
	size_t i, end;

	qsort(w->rows, w->n, sizeof(*w->rows), by_address);
	for (i = 0; i < w->n; i = end) {
		struct rz_topo_agent *a = &t->agents[t->n_agents++];
		const struct row *h;

		for (end = i + 1; end < w->n && same_place(&w->rows[i], &w->rows[end]); end++)
			;
		h = holder(w, &w->rows[i], end - i);
		memcpy(a->at.addr, h->e->addr, sizeof(a->at.addr));
		a->at.port = h->port;
		rz_str_copy(a->zone, sizeof(a->zone), h->zone);
		rz_str_copy(a->group, sizeof(a->group), w->groups[h->group].group);
		a->ready = h->serves;
		a->local = h->e->local;
		a->home = h->e->elsewhere ? RZ_HOME_OTHER_NODE : RZ_HOME_UNCHECKED;
		a->pod = h->pod;
		note_own_zone(w, h);
	}
}

/* Pods of each group, for people; rows are still in the order of join_pods(). */
static void count_groups(struct work *w)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		const struct row *r = &w->rows[i];

		if (i && r->pod == r[-1].pod && r->group == r[-1].group)
			continue;
		w->sum->agents_of[r->group]++;
		w->sum->ready_of[r->group] += r->serves;
	}
}

int rz_kube_build(const struct rz_kube_group *groups, size_t n, struct rz_topo **ret,
		  struct rz_kube_sum *sum)
{
	_cleanup_free_ struct row *rows = NULL;
	struct work w = {.groups = groups, .sum = sum};
	struct rz_topo *t = calloc(1, sizeof(*t));
	size_t g, room = 0;

	for (g = 0; g < n; g++)
		room += groups[g].store->n_endpoints;
	rows = w.rows = calloc(room + 1, sizeof(*rows));
	if (t)
		t->agents = calloc(room + 1, sizeof(*t->agents));
	if (!t || !t->agents || !rows) {
		rz_topo_free(t);
		return -ENOMEM;
	}
	memset(sum, 0, sizeof(*sum));
	w.n = gather(&w, n);
	name_rows(&w);
	join_pods(&w);
	count_groups(&w);
	choose(&w, t);
	rz_topo_sort(t);
	*ret = t;
	return 0;
}
