/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The hold: which requests of a connection that is to be moved are still unanswered, and keeping
 * new ones away until none is.
 *
 * Comes in: requests that the framing stage has read, and the agent's segments on their way out.
 * Goes out: struct rz_hold of the connection's entry in `holds`; whether a segment is dropped.
 * Called by the segment program, the framing stage and the answer program. Nothing here happens to
 * a connection without an entry, and none is held behind its deadline, whoever forgets it. What a
 * hold kept from TCP is remembered in `held`, for its client may leave meanwhile.
 *
 * Answers are read only while somebody waits for them: a program on the way out costs every packet
 * of the node about 120 ns by being there (docs/evidence/performance.md). So it is attached for the
 * time of a move, and finds its place in the stream of answers by the correlation ids of requests
 * that came since. TCP sends under the socket lock, so no two CPUs are here at once for one
 * connection; but the program may be interrupted, so it works on no memory that is shared.
 */
#ifndef REZONE_BPF_HOLD_H
#define REZONE_BPF_HOLD_H

#include "segment.bpf.h"
#include <rezone/kafka.h>

#define RZ_ANSWER_HEAD	       8 /* size i32, correlation_id i32 */
#define RZ_ANSWERS_PER_SEGMENT 1024

static __always_inline struct rz_hold *rz_hold_of(__u64 cookie)
{
	struct rz_hold *h;

	if (!rz_holding)
		return NULL;
	h = bpf_map_lookup_elem(&holds, &cookie);
	return h && h->cookie == cookie ? h : NULL;
}

/*
 * Does this connection's hold still last? By its deadline, and by BPF's own count: a deadline comes
 * from a daemon, which may have meant another clock, and may be dead. `now`: of a segment that
 * would be dropped.
 */
static __always_inline int rz_hold_lasts(struct rz_hold *h, const struct rz_move *m, __u64 cookie,
					 __u64 now)
{
	__u64 deadline = m->deadline_ns, since;

	bpf_spin_lock(&h->lock);
	if (h->cookie == cookie && h->deadline_ns != deadline) {
		h->deadline_ns = deadline;
		h->since_ns = now;
	}
	since = h->since_ns;
	bpf_spin_unlock(&h->lock);
	return now < deadline && now - since < RZ_HOLD_MAX_S * 1000000000ULL;
}

/* Are new requests held back now? */
static __always_inline int rz_hold_is_on(struct rz_hold *h, __u64 cookie)
{
	struct rz_move *m = bpf_map_lookup_elem(&moves, &cookie);

	return m &&
	       (m->phase == RZ_PHASE_HOLD || m->phase == RZ_PHASE_RESET ||
		m->phase == RZ_PHASE_CLOSE) &&
	       rz_hold_lasts(h, m, cookie, bpf_ktime_get_ns());
}

static __always_inline struct rz_held *rz_held_of(__u64 cookie)
{
	struct rz_held *e;

	if (!rz_held_any)
		return NULL;
	e = bpf_map_lookup_elem(&held, &cookie);
	return e && e->cookie == cookie ? e : NULL;
}

/* An entry for payload of this connection that is kept from TCP. NULL if there is no room. */
static __always_inline struct rz_held *rz_held_begin(__u64 cookie, __u32 end)
{
	struct rz_held fresh = {.cookie = cookie, .end = end};
	long err;

	fresh.since_ns = bpf_ktime_get_ns();
	err = bpf_map_update_elem(&held, &cookie, &fresh, BPF_NOEXIST);
	rz_held_any = 1;
	if (err && err != -RZ_EEXIST)
		rz_error(RZ_PLACE_HELD_INSERT, err);
	return rz_held_of(cookie);
}

/*
 * Takes note of a segment up to `end`: it is kept from TCP (`on`), its client leaves with it
 * (`fin`). Returns whether the client has left, be it before. The entry's memory may have become
 * another connection's since it was looked up, of whom this says nothing.
 */
static __always_inline int rz_held_note(struct rz_held *e, __u64 cookie, __u32 end, int on, int fin)
{
	__u64 now = bpf_ktime_get_ns();
	int left = 0, leaves = 0;

	bpf_spin_lock(&e->lock);
	if (e->cookie == cookie) {
		if (on && (__s32)(end - e->end) > 0)
			e->end = end;
		leaves = fin && !e->left_ns;
		if (leaves)
			e->left_ns = now;
		left = e->left_ns != 0;
		e->discarded += left;
	}
	bpf_spin_unlock(&e->lock);
	if (leaves)
		RZ_COUNT(left_while_held);
	return left;
}

/* Has its client left while it was held? Not if TCP has got all of it since. */
static __always_inline int rz_held_left(__u64 cookie, __u32 rcv_nxt)
{
	struct rz_held *e = rz_held_of(cookie);

	return e && e->left_ns && (__s32)(e->end - rcv_nxt) > 0;
}

/* A segment with payload is dropped, for its connection is held. */
static __always_inline void rz_hold_count(struct rz_hold *h, const struct rz_seg *seg)
{
	__sync_fetch_and_add(&h->held, 1);
	if (!h->fresh || (__s32)(seg->seq + seg->len - h->held_end) > 0) {
		h->held_end = seg->seq + seg->len;
		h->fresh++;
	}
	RZ_COUNT(held_segments);
}

/* Were this segment's first bytes that TCP does not have read before? Then they are not new: TCP
 * did not take them, or what was read in their place, and nothing can end before it has the true
 * ones. Bytes that TCP has do not count: new ones may stand behind them in one segment. */
static __always_inline int rz_hold_was_read(__u64 cookie, const struct rz_seg *seg, __u32 rcv_nxt)
{
	struct rz_conn *c = bpf_map_lookup_elem(&conns, &cookie);
	__u32 from = (__s32)(rcv_nxt - seg->seq) > 0 ? rcv_nxt : seg->seq;

	return c && c->cookie == cookie && (__s32)(c->frame.read_end - from) > 0;
}

/*
 * Is this segment to be dropped? Only one with bytes, or a FIN behind bytes, that TCP does not have
 * yet: what repeats others passes, and so does what carries neither. In a hold; and from then on
 * when the client has left: its FIN came behind what was held back, whether the hold goes on or
 * not. rcv_nxt is read without the lock: it may lag behind a segment that has passed here and waits
 * for the socket. So an entry goes as soon as TCP has all of it, be the client thought to have left
 * or not; the FIN that was dropped is sent again.
 *
 * A client's RST passes: TCP answers one behind missing bytes by asking for another (RFC 5961), and
 * who is gone sends nothing again.
 */
static __noinline int rz_hold_keeps_out(struct bpf_sock *sk, __u64 cookie, struct rz_hold *h,
					const struct rz_seg *seg)
{
	struct rz_held *e = rz_held_of(cookie);
	struct tcp_sock *tp;
	__u32 beyond;
	int on, fits;

	if (!h && !e)
		return 0;
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return 0;
	if (e && (__s32)(e->end - tp->rcv_nxt) <= 0) {
		bpf_map_delete_elem(&held, &cookie);
		e = NULL;
	}
	beyond = seg->seq + seg->len - tp->rcv_nxt;
	if ((__s32)beyond <= 0)
		return 0;
	on = h && rz_hold_is_on(h, cookie) && !rz_hold_was_read(cookie, seg, tp->rcv_nxt);
	if (on && seg->len)
		rz_hold_count(h, seg);
	fits = beyond <= tp->rcv_wnd; /* else TCP would throw it away: it says nothing */
	if (on && fits && !e)
		e = rz_held_begin(cookie, seg->seq + seg->len);
	if (!e || !rz_held_note(e, cookie, seg->seq + seg->len, on && fits, seg->fin && fits))
		return on && seg->len;
	RZ_COUNT(discarded_segments);
	return 1;
}

/* A request that an answer will be sent to was read, the `number`th. Kept aside: the work on this
 * segment may be done again, or be lost to another CPU's. */
static __always_inline void rz_hold_remember(struct rz_scratch *s, __u32 number,
					     const struct rz_request *r)
{
	struct rz_noted *n = &s->noted[s->n_noted % RZ_REQUESTS_PER_SEGMENT];

	n->number = number;
	n->correlation_id = r->correlation_id;
	n->begin = s->f.next_seq;
	n->end = s->f.next_seq + 4 + r->size;
	n->api_key = r->api_key;
	n->found = s->found;
	s->n_noted++;
}

/* It is one: the frame with it was put back. Under the lock. */
static __always_inline void rz_hold_note(struct rz_hold *h, const struct rz_noted *n)
{
	struct rz_expected *e = &h->expected[n->number % RZ_EXPECTED_MAX];

	e->correlation_id = n->correlation_id;
	e->number = n->number;
	if (h->last + 1 != n->number) { /* others were not seen here: they must be answered */
		h->must_before = n->number - 2;
		h->must_end = n->begin;
		h->must = n->number - 1;
	}
	if (n->found) {
		/* requests may have been passed over: answered before this one is, whatever it asks
		 */
		h->must_before = h->must = n->number;
		h->must_end = n->end;
	} else if (!rz_api_repeatable(n->api_key)) {
		h->must_before = h->must;
		h->must_end = n->end;
		h->must = n->number;
	}
	h->last = n->number;
}

/* The same of scratch->noted[i], if the connection has an entry, and if that still is its own: user
 * space removes entries and makes new ones, and the kernel gives a new one the memory of the last
 * that went. A global function, so that it is verified once. */
__noinline int rz_hold_expect(__u32 i)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);
	struct rz_hold *h = s ? rz_hold_of(s->cookie) : NULL;

	if (!h)
		return 0;
	bpf_spin_lock(&h->lock);
	if (h->cookie == s->cookie)
		rz_hold_note(h, &s->noted[i % RZ_REQUESTS_PER_SEGMENT]);
	bpf_spin_unlock(&h->lock);
	return 0;
}

/* All requests of the segment, now that the frame with them was put back. */
static __always_inline void rz_hold_expect_all(struct rz_scratch *s)
{
	__u32 i;

	for (i = 0; i < RZ_REQUESTS_PER_SEGMENT && i < s->n_noted; i++)
		rz_hold_expect(i);
}

/* Requests that were noted are none: TCP did not take the segment. All before those that are noted
 * next must be answered, as if the watch began here, and the row of answers may rest on such a
 * request. */
static __always_inline void rz_hold_forget(__u64 cookie)
{
	struct rz_hold *h = rz_hold_of(cookie);
	int i;

	if (!h)
		return;
	bpf_spin_lock(&h->lock);
	if (h->cookie == cookie) {
		h->last = 0;
		for (i = 0; i < RZ_EXPECTED_MAX; i++)
			h->expected[i].number = 0;
		h->answers = (struct rz_answers){.round = h->answers.round + 1};
	}
	bpf_spin_unlock(&h->lock);
}

/* Notes that a segment of this connection was not looked at. */
static __always_inline void rz_hold_early(int watched, __u64 cookie)
{
	struct rz_hold *h = watched ? rz_hold_of(cookie) : NULL;

	if (!h)
		return;
	bpf_spin_lock(&h->lock);
	if (h->cookie == cookie)
		h->early = 1;
	bpf_spin_unlock(&h->lock);
}

static __always_inline void rz_answer_lose(struct rz_answers *a)
{
	if (a->synced)
		RZ_COUNT(answers_lost);
	a->synced = 0;
	a->tentative = 0;
	a->have = 0;
}

/* Brings a->head to its length as far as this segment has it. 1: it is whole. */
static __always_inline int rz_answer_fill(struct __sk_buff *skb, struct rz_answers *a,
					  const struct rz_seg *seg)
{
	__u32 at = a->next_seq + a->have - seg->seq, i;
	__u64 head;
	__u8 byte;

	if (!a->have && at < seg->len && seg->len - at >= RZ_ANSWER_HEAD) {
		if (bpf_skb_load_bytes(skb, seg->off + at, &head, RZ_ANSWER_HEAD))
			return 0;
		a->head = bpf_be64_to_cpu(head);
		a->have = RZ_ANSWER_HEAD;
		return 1;
	}
	for (i = 0; i < RZ_ANSWER_HEAD; i++) {
		if (a->have >= RZ_ANSWER_HEAD || at >= seg->len)
			break;
		if (bpf_skb_load_bytes(skb, seg->off + at, &byte, 1))
			break;
		a->head = a->head << 8 | byte;
		a->have++;
		at++;
	}
	return a->have >= RZ_ANSWER_HEAD;
}

/* The number of the expected answer with this correlation id, 0 if there is none, or more than one.
 */
static __always_inline __u32 rz_answer_number(const struct rz_hold *h, __u32 correlation_id)
{
	__u32 i, number = 0;

	for (i = 0; i < RZ_EXPECTED_MAX; i++) {
		if (h->expected[i].correlation_id != correlation_id || !h->expected[i].number)
			continue;
		if (number)
			return 0;
		number = h->expected[i].number;
	}
	return number;
}

/*
 * The same for an answer to a request from before the ring: more may be in flight than it
 * remembers. A client that counts its ids up by one for each request is as good as remembered. 0:
 * it does not, or the id is none of that row.
 */
static __always_inline __u32 rz_answer_before_ring(const struct rz_hold *h, __u32 correlation_id)
{
	const struct rz_expected *latest = &h->expected[h->last % RZ_EXPECTED_MAX];
	const struct rz_expected *oldest = &h->expected[(h->last + 1) % RZ_EXPECTED_MAX];
	__u32 back = latest->correlation_id - correlation_id;

	if (latest->number != h->last || oldest->number != h->last - (RZ_EXPECTED_MAX - 1) ||
	    latest->correlation_id - oldest->correlation_id != RZ_EXPECTED_MAX - 1 ||
	    back < RZ_EXPECTED_MAX || back >= h->last)
		return 0;
	return h->last - back;
}

/* The head of the answer behind the latest: is it the next one in the row? One that fell out of the
 * ring is believed, for the place is right; if the place itself is a guess, the id must count up.
 */
static __always_inline int rz_answer_in_row(const struct rz_hold *h, const struct rz_answers *a,
					    __u32 correlation_id)
{
	__u32 number = a->number + 1;
	const struct rz_expected *e = &h->expected[number % RZ_EXPECTED_MAX];

	if ((__s32)(h->last - number) < 0)
		return 0;
	if (e->number == number)
		return e->correlation_id == correlation_id;
	return !a->tentative || correlation_id == a->correlation_id + 1;
}

/*
 * Out of the row, and no head that is expected. If it began with the segment before, that was the
 * tail of an answer, and one may begin with this segment (at `seq`) all the same: returns 1, to
 * look there.
 */
static __always_inline int rz_answer_not_here(struct rz_answers *a, __u32 seq)
{
	if ((__s32)(a->next_seq - seq) >= 0)
		return 0;
	a->next_seq = seq;
	return 1;
}

/*
 * One answer's head, or as much of it as this segment has. Returns 1 if the next one may begin in
 * the segment too. Out of the row, an answer that is expected puts it into the row again; as in
 * rz_frame_find() it is believed at once if it ends with the segment, else when the next one is
 * where it says.
 */
static __always_inline int rz_answer_read(struct __sk_buff *skb, const struct rz_hold *h,
					  struct rz_answers *a, const struct rz_seg *seg)
{
	__u32 correlation_id, number;
	__s32 size;

	if (!rz_answer_fill(skb, a, seg))
		return 0;
	size = (__s32)(a->head >> 32);
	correlation_id = (__u32)a->head;
	a->have = 0;
	if (size < 4 || size > RZ_KAFKA_SIZE_MAX ||
	    (a->synced && !rz_answer_in_row(h, a, correlation_id))) {
		rz_answer_lose(a);
		return rz_answer_not_here(a, seg->seq);
	}
	if (a->synced) {
		number = a->number + 1;
		a->tentative = 0;
	} else {
		number = rz_answer_number(h, correlation_id);
		a->tentative = !number || a->next_seq + 4 + (__u32)size != seg->seq + seg->len;
		if (!number)
			number = rz_answer_before_ring(h, correlation_id);
		if (!number) {
			a->tentative = 0;
			return rz_answer_not_here(a, seg->seq);
		}
		a->synced = 1;
	}
	a->number = number;
	a->correlation_id = correlation_id;
	a->next_seq += 4 + (__u32)size;
	a->whole = (__s32)(a->next_seq - seg->seq) <= (__s32)seg->len;
	return (__s32)(a->next_seq - seg->seq) < (__s32)seg->len;
}

/* Copies them out, to be worked on. */
static __always_inline void rz_answer_load(struct rz_hold *h, struct rz_answers *a)
{
	bpf_spin_lock(&h->lock);
	*a = h->answers;
	bpf_spin_unlock(&h->lock);
}

/* Puts the worked-on copy back, if the entry still is this connection's, and rz_hold_forget() was
 * not called meanwhile. Nobody else writes its answers, for TCP sends under the socket lock. */
static __always_inline void rz_answer_commit(struct rz_hold *h, __u64 cookie,
					     const struct rz_answers *a)
{
	bpf_spin_lock(&h->lock);
	if (h->cookie == cookie && h->answers.round == a->round)
		h->answers = *a;
	bpf_spin_unlock(&h->lock);
}

/* rz_answer_read() on a copy. A global function, so that it is verified once; hence the segment in
 * pieces. */
__noinline int rz_answer_step(struct __sk_buff *skb, __u64 cookie, __u32 off, __u32 seq, __u32 len)
{
	const struct rz_seg seg = {.seq = seq, .off = off, .len = len};
	struct rz_hold *h = bpf_map_lookup_elem(&holds, &cookie);
	struct rz_answers a;
	int more;

	if (!h)
		return 0;
	rz_answer_load(h, &a);
	more = rz_answer_read(skb, h, &a, &seg);
	rz_answer_commit(h, cookie, &a);
	return more;
}

/* Where in this segment does an answer begin? 0: nowhere. Out of the row one may begin with it, or
 * with the segment before: some agents write an answer's size alone. */
static __always_inline int rz_answer_begins(struct rz_answers *a, const struct rz_seg *seg)
{
	__s32 at;

	if (a->synced) {
		at = (__s32)(a->next_seq + a->have - seg->seq);
		if (at > (__s32)seg->len)
			return 0; /* inside an answer, or a repetition */
		a->whole = 1;
		if (at == (__s32)seg->len)
			return 0;
		if (at < 0)
			rz_answer_lose(a);
	}
	if (!a->synced && (!a->have || a->next_seq + a->have != seg->seq)) {
		a->next_seq = seg->seq;
		a->have = 0;
	}
	return 1;
}

/* The answers that begin in this segment of the agent's. */
static __noinline void rz_answer_segment(struct __sk_buff *skb, struct rz_hold *h, __u64 cookie,
					 const struct rz_seg *seg)
{
	struct rz_answers a;
	int i, begins;

	rz_answer_load(h, &a);
	begins = rz_answer_begins(&a, seg);
	rz_answer_commit(h, cookie, &a);
	if (!begins)
		return;
	for (i = 0; i < RZ_ANSWERS_PER_SEGMENT; i++)
		if (!rz_answer_step(skb, cookie, seg->off, seg->seq, seg->len))
			return;
	rz_answer_lose(&a); /* too many */
	rz_answer_commit(h, cookie, &a);
}

#endif
