// SPDX-License-Identifier: Apache-2.0
/* The form of requests to rezone-enter, see enter_form.h. */
#include "kern/enter_form.h"

#include <linux/netlink.h>

/* FIND is as long as it has rows, every other kind has one length. */
static const size_t sizes[RZ_ENTER_KINDS] = {
	[RZ_ENTER_NETLINK] = sizeof(struct rz_enter_inside),
	[RZ_ENTER_ITERATOR] = sizeof(struct rz_enter_inside),
	[RZ_ENTER_LIST] = sizeof(struct rz_enter_list),
	[RZ_ENTER_FIND] = offsetof(struct rz_enter_find, rows),
	[RZ_ENTER_SHUT] = sizeof(struct rz_enter_shut),
	[RZ_ENTER_RIVAL] = sizeof(struct rz_enter_rival),
};

static size_t bytes_of(enum rz_enter_kind kind, uint32_t n)
{
	return sizes[kind] + (kind == RZ_ENTER_FIND ? n * sizeof(struct rz_enter_socket) : 0);
}

size_t rz_enter_form_head(union rz_enter_request *r, enum rz_enter_kind kind, uint32_t n,
			  uint32_t seq)
{
	size_t bytes = bytes_of(kind, n);

	r->head = (struct rz_enter_head){RZ_ENTER_MAGIC, kind, (__u32)bytes, seq};
	return bytes;
}

static bool inside_is_right(const struct rz_enter_inside *i)
{
	if (i->head.kind == RZ_ENTER_ITERATOR)
		return i->netns && !i->protocol;
	return i->netns && (i->protocol == NETLINK_SOCK_DIAG || i->protocol == NETLINK_ROUTE);
}

static bool is_agents_port(const struct rz_enter_ports *p, uint16_t port)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->ports[i] == port)
			return true;
	return false;
}

static bool row_is_right(const struct rz_enter_socket *s, bool found,
			 const struct rz_enter_ports *ports)
{
	if (!is_agents_port(ports, s->tuple.agent_port) || !s->tuple.client_port || s->pad ||
	    !s->cookie)
		return false;
	return found ? s->pid && s->pid <= INT32_MAX && s->fd <= INT32_MAX : !s->pid && !s->fd;
}

static bool find_is_right(const struct rz_enter_find *f, const struct rz_enter_ports *ports)
{
	uint32_t i;

	for (i = 0; i < f->n; i++)
		if (!row_is_right(&f->rows[i], false, ports))
			return false;
	return f->netns;
}

static bool rival_is_right(const struct rz_enter_rival *r)
{
	uint32_t i;

	if (r->n > RZ_ENTER_LINKS)
		return false;
	for (i = r->n; i < RZ_ENTER_LINKS; i++)
		if (r->links[i])
			return false;
	return true;
}

static bool fields_are_right(const union rz_enter_request *r, const struct rz_enter_ports *ports)
{
	switch (r->head.kind) {
	case RZ_ENTER_NETLINK:
	case RZ_ENTER_ITERATOR:
		return inside_is_right(&r->inside);
	case RZ_ENTER_FIND:
		return find_is_right(&r->find, ports);
	case RZ_ENTER_SHUT:
		return r->shut.netns && !r->shut.pad && row_is_right(&r->shut.row, true, ports);
	case RZ_ENTER_RIVAL:
		return rival_is_right(&r->rival);
	default:
		return true; /* it has no fields */
	}
}

enum rz_enter_kind rz_enter_form_request(const union rz_enter_request *r, size_t len, bool passed,
					 const struct rz_enter_ports *ports)
{
	const struct rz_enter_head *h = &r->head;
	bool brings = false;
	uint32_t n = 0;

	if (len < sizeof(*h) || h->magic != RZ_ENTER_MAGIC || h->bytes != len || !h->seq ||
	    h->kind == RZ_ENTER_NONE || h->kind >= RZ_ENTER_HELLO)
		return RZ_ENTER_NONE;
	if (h->kind == RZ_ENTER_FIND) {
		if (len < sizes[RZ_ENTER_FIND] || !r->find.n || r->find.n > RZ_ENTER_ROWS)
			return RZ_ENTER_NONE;
		n = r->find.n;
	}
	brings = h->kind == RZ_ENTER_ITERATOR || h->kind == RZ_ENTER_RIVAL;
	if (len != bytes_of((enum rz_enter_kind)h->kind, n) || passed != brings)
		return RZ_ENTER_NONE;
	return fields_are_right(r, ports) ? (enum rz_enter_kind)h->kind : RZ_ENTER_NONE;
}

size_t rz_enter_form_answer_bytes(enum rz_enter_kind kind, uint32_t n)
{
	const size_t before = offsetof(struct rz_enter_answer, netns);

	if (kind == RZ_ENTER_LIST && n <= RZ_ENTER_NETNS)
		return before + n * sizeof(__u32);
	if (kind == RZ_ENTER_FIND && n <= RZ_ENTER_ROWS)
		return before + n * sizeof(struct rz_enter_place);
	return n ? 0 : before;
}

bool rz_enter_form_answer(const struct rz_enter_answer *a, size_t len, bool passed)
{
	const struct rz_enter_head *h = &a->head;
	bool inside = h->kind == RZ_ENTER_NETLINK || h->kind == RZ_ENTER_ITERATOR;

	if (len < offsetof(struct rz_enter_answer, netns) || h->magic != RZ_ENTER_MAGIC ||
	    h->bytes != len || h->kind == RZ_ENTER_NONE || h->kind >= RZ_ENTER_KINDS ||
	    len != rz_enter_form_answer_bytes((enum rz_enter_kind)h->kind, a->n))
		return false;
	if (a->error > 0 || a->error < -4095 || a->more > (h->kind == RZ_ENTER_LIST))
		return false;
	if (h->kind == RZ_ENTER_HELLO || h->kind == RZ_ENTER_ENDED)
		return !h->seq && (!passed || h->kind == RZ_ENTER_HELLO);
	return h->seq && passed == (inside && !a->error);
}
