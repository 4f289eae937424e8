/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Notes how a connection's requests look: what tells libraries apart where no name was said, and
 * whether a producer is idempotent (include/rezone/print.h).
 *
 * Comes in: a request whose header was read. Goes out: scratch->print, and once the frame is put
 * back, an entry of map `prints`. Called by read.bpf.h and take.bpf.h. Only what lies in the
 * segment in hand is read: of a request in pieces nothing is noted, and the next one is looked at.
 */
#ifndef REZONE_BPF_NOTE_H
#define REZONE_BPF_NOTE_H

#include "count.bpf.h"
#include "frame.bpf.h"
#include "room.bpf.h"

/* Is this request looked at? Of Produce, and of Fetch where no name was said, the first ones of a
 * connection and some later ones, and each Produce while a move follows the responses, for a hold
 * shows more of its library (user/move/wait.h); of other APIs only where the beginning was not
 * seen. A name that was said tells more than the form of a request. */
static __always_inline int rz_note_wants(const struct rz_scratch *s, __s16 api_key)
{
	int nameless = s->f.adopted && !s->f.software;

	if (s->f.tentative || s->from_early)
		return 0;
	if (api_key == RZ_API_PRODUCE && s->watched)
		return 1;
	if (api_key == RZ_API_PRODUCE || (api_key == RZ_API_FETCH && !s->f.software))
		return rz_effort_looks_again(&s->f);
	return nameless;
}

/* The body's first bytes, of a Produce and of its first batch. */
static __always_inline void rz_note_read_produce(struct __sk_buff *skb, struct rz_scratch *s,
						 __u32 at, __s16 version)
{
	__u32 skip;

	if (at + RZ_PRINT_PRODUCE_HEAD > s->seg.len ||
	    bpf_skb_load_bytes(skb, s->seg.off + at, s->print_body, RZ_PRINT_PRODUCE_HEAD))
		return;
	skip = rz_print_produce(s->print_body, version, &s->print);
	if (!skip || at + skip + RZ_PRINT_BATCH > s->seg.len ||
	    bpf_skb_load_bytes(skb, s->seg.off + at + skip, s->print_body, RZ_PRINT_BATCH))
		return;
	if (!rz_print_batch(s->print_body, version, &s->print))
		s->print.produces = 1;
}

static __always_inline void rz_note_read_fetch(struct __sk_buff *skb, struct rz_scratch *s,
					       __u32 at, __s16 version)
{
	if (version < RZ_PRINT_FETCH_FROM || at + RZ_PRINT_FETCH > s->seg.len ||
	    bpf_skb_load_bytes(skb, s->seg.off + at, s->print_body, RZ_PRINT_FETCH))
		return;
	if (!rz_print_fetch(s->print_body, version, &s->print))
		s->print.fetches = 1;
}

/* Reads a request with this header, which begins at f.next_seq. Of several requests of a segment
 * the first of each kind counts. A global function, as rz_read_request(). */
__noinline int rz_note_request(struct __sk_buff *skb, int api_key, int version, int id_len)
{
	struct rz_scratch *s;
	__u32 at;
	int api = rz_print_api(api_key);

	s = bpf_map_lookup_elem(&scratch, &rz_zero);
	if (!s || api < 0)
		return 0;
	if (!s->printed)
		__builtin_memset(&s->print, 0, sizeof(s->print));
	s->printed = 1;
	api &= RZ_PRINT_APIS - 1;
	if (s->print.versions[api])
		return 0;
	s->print.versions[api] = (__u8)version + 1;
	at = s->f.next_seq + RZ_KAFKA_FIXED + (id_len > 0 ? id_len : 0) - s->seg.seq;
	if (at >= s->seg.len) /* behind the segment, or before it */
		return 0;
	if (api == RZ_PRINT_OF_PRODUCE)
		rz_note_read_produce(skb, s, at, version);
	else if (api == RZ_PRINT_OF_FETCH)
		rz_note_read_fetch(skb, s, at, version);
	return 0;
}

/* Forgets how a connection's requests look. */
static __always_inline void rz_note_drop(__u64 cookie)
{
	if (!bpf_map_delete_elem(&prints, &cookie))
		__sync_fetch_and_add(&rz_prints, -1);
}

/* How a parked connection's requests look is seen again once they are read; not what they were in a
 * move, for which it would be held a second time. */
static __always_inline void rz_note_park(__u64 cookie)
{
	const struct rz_told *t = bpf_map_lookup_elem(&told, &cookie);

	if (!t || (!t->probed && !t->unanswered))
		rz_note_drop(cookie);
}

static __always_inline void rz_note_merge_produce(struct rz_print *p, const struct rz_print *now)
{
	if (!p->produces) {
		p->produce_timeout_ms = now->produce_timeout_ms;
		p->leader_epoch = now->leader_epoch;
		p->producer_epoch = now->producer_epoch;
		p->base_sequence = now->base_sequence;
		p->idempotent = now->idempotent;
		p->old_batch = now->old_batch;
	}
	p->several |= now->several;
	p->timeouts_differ |= p->produce_timeout_ms != now->produce_timeout_ms;
	p->batches_differ |= p->leader_epoch != now->leader_epoch ||
			     p->producer_epoch != now->producer_epoch ||
			     p->base_sequence != now->base_sequence ||
			     p->idempotent != now->idempotent || p->old_batch != now->old_batch;
	if (p->produces < 255)
		p->produces++;
}

static __always_inline void rz_note_merge_fetch(struct rz_print *p, const struct rz_print *now)
{
	if (!p->fetches) {
		p->fetch_max_wait_ms = now->fetch_max_wait_ms;
		p->fetch_min_bytes = now->fetch_min_bytes;
		p->fetch_max_bytes = now->fetch_max_bytes;
		p->isolation = now->isolation;
		p->session = now->session;
	}
	p->waits_differ |= p->fetch_max_wait_ms != now->fetch_max_wait_ms;
	p->fetches_differ |= p->fetch_min_bytes != now->fetch_min_bytes ||
			     p->fetch_max_bytes != now->fetch_max_bytes ||
			     p->isolation != now->isolation || p->session != now->session;
	if (p->fetches < 255)
		p->fetches++;
}

/* Adds scratch->print to what is known of the connection. Two CPUs at once may miss one. */
static __noinline void rz_note_keep(struct rz_scratch *s)
{
	const struct rz_print *now = &s->print;
	struct rz_print *p;
	long err;
	int i;

	p = bpf_map_lookup_elem(&prints, &s->cookie);
	if (!p) {
		if (!rz_room_for_some(&s->cookie, rz_prints, rz_config.prints_half)) {
			RZ_COUNT(prints_full);
			return;
		}
		err = bpf_map_update_elem(&prints, &s->cookie, now, BPF_NOEXIST);
		if (err) {
			RZ_COUNT(prints_full);
			rz_count_error(RZ_PLACE_PRINT_INSERT, err);
		} else {
			__sync_fetch_and_add(&rz_prints, 1);
		}
		return;
	}
	for (i = 0; i < RZ_PRINT_APIS; i++) {
		if (!p->versions[i])
			p->versions[i] = now->versions[i];
		else if (now->versions[i] && now->versions[i] != p->versions[i])
			p->versions[i] = RZ_PRINT_DIFFERS;
	}
	if (now->produces)
		rz_note_merge_produce(p, now);
	if (now->fetches)
		rz_note_merge_fetch(p, now);
}

#endif
