// SPDX-License-Identifier: Apache-2.0
/* What the kernel knows of a connection that is to be moved, see evidence.h. */
#include "move/evidence.h"

#include <bpf/bpf.h>

#include "kern/conn.h"
#include "rezone/responses.h"

static struct rz_responses_seen see(const struct rz_conn *c, const struct rz_hold *h, bool part)
{
	struct rz_responses_seen r;

	r.must = rz_responses_must(h, c->frame.answerable, part);
	r.out = rz_responses_out(&c->frame, h, r.must, !h->answers.whole);
	return r;
}

void rz_evidence_of(const struct rz_conn *c, const struct rz_hold *h, struct rz_move_evidence *ret)
{
	*ret = (struct rz_move_evidence){.tracked = c, .watched = h, .repeated = true};
	if (c) {
		ret->matters = rz_responses_matter(&c->frame);
		ret->request_ns = c->last_request_ns;
	}
	if (h) {
		ret->followed = rz_responses_followed(h);
		ret->held = h->held;
		ret->fresh = h->fresh;
		ret->deepest = h->deepest;
		ret->request_seen = h->last || h->held;
	}
	if (!c || !h)
		return;
	ret->whole = see(c, h, false);
	ret->part = see(c, h, true);
	ret->repeated = !h->held || (int32_t)(c->frame.next_seq - h->held_end) >= 0;
}

struct rz_responses_seen rz_evidence_responses(const struct rz_move_evidence *e, bool may_be_part)
{
	if (e->whole.out != RZ_CHECK_PASSED && may_be_part && e->part.out == RZ_CHECK_PASSED)
		return e->part;
	return e->whole;
}

enum rz_check rz_evidence_check(const struct rz_conn *c, const struct rz_hold *h,
				const struct rz_destroy_seen *tcp, const uint32_t *settled,
				bool must_be_whole)
{
	uint32_t rcv_nxt = c->seq_base + tcp->received;
	const struct rz_frame *f = &c->frame;
	struct rz_tcp_seen t = {
		.unread = tcp->unread, .unacked = tcp->unacked, .must_be_whole = must_be_whole};

	/* TCP may yet throw away what was read: then nothing that the entry says need be true */
	if ((int32_t)(f->read_end - rcv_nxt) > 0)
		return RZ_CHECK_NOT_ACCEPTED;
	if (!settled)
		return RZ_CHECK_PASSED;
	t.unseen = (h && h->early) || (int32_t)(f->next_seq + f->have + f->skip - rcv_nxt) < 0;
	t.part_request = f->have || f->next_seq != rcv_nxt;
	t.part_response = h && !h->answers.whole;
	return rz_responses_gap(f, h, *settled, &t);
}

void rz_evidence_read(const struct rz_maps *maps, uint64_t cookie, struct rz_move_evidence *ret)
{
	static struct rz_hold h; /* large */
	struct rz_conn c;
	bool tracked = !rz_conn_read(maps->conns, cookie, &c);
	bool watched = !bpf_map_lookup_elem(maps->holds, &cookie, &h);

	rz_evidence_of(tracked ? &c : NULL, watched ? &h : NULL, ret);
}
