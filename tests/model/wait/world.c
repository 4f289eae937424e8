// SPDX-License-Identifier: Apache-2.0
/* A client, an agent, their TCP, and what BPF reports of them, see world.h. */
#include "world.h"

uint32_t below(struct world *w, uint32_t n)
{
	w->noise ^= w->noise >> 12;
	w->noise ^= w->noise << 25;
	w->noise ^= w->noise >> 27;
	return (uint32_t)(((w->noise * 0x2545f4914f6cdd1dULL) >> 33) % n);
}

bool chance(struct world *w, uint32_t percent)
{
	return below(w, 100) < percent;
}

/* ---- bpf/hold.bpf.h, as far as its contract in include/rezone/hold.h goes ---- */

static void note_request(struct world *w, struct request *r, bool found)
{
	struct rz_hold *h = &w->h;
	uint32_t must = h->must;

	r->noted = true;
	if (h->last + 1 != r->number) {
		h->must_before = r->number - 2;
		h->must_end = w->base + r->begin;
		h->must = r->number - 1;
	}
	if (found || r->kind == MUST) {
		h->must_before = found ? r->number : h->must;
		h->must_end = w->base + r->end;
		h->must = r->number;
	}
	h->last = r->number;
	if (h->must != must) {
		memmove(w->must_ns + 1, w->must_ns, sizeof(w->must_ns) - sizeof(w->must_ns[0]));
		w->must_ns[0] = w->now_ns;
	}
}

/* The response to `r` begins. In the row it must be the next one; else one that is known is looked
 * for. */
static void note_response(struct world *w, const struct request *r)
{
	struct rz_responses *a = &w->h.answers;

	if (a->synced && r->number == a->number + 1 && r->noted) {
		a->tentative = 0;
	} else {
		a->synced = r->noted && chance(w, 80);
		a->tentative = a->synced && chance(w, 30);
	}
	if (!a->synced)
		return;
	/* a guess may be wrong: that shows at the next response */
	a->number = a->tentative && chance(w, 30) ? w->h.last : r->number;
	a->next_seq = w->base + r->out_end;
	a->whole = 0;
}

/* ---- the framing stage ---- */

/* How many the client waits for; as BPF counts them (bpf/response.bpf.h), and truly. */
static void note_depth(struct world *w, const struct request *r)
{
	uint32_t depth = r->number - w->h.answers.number, i, truly = 0;

	for (i = 0; i < w->n; i++)
		truly += w->req[i].kind != NO_RESPONSE && w->req[i].begin <= r->begin &&
			 !w->req[i].out_ns;
	if (truly > w->deepest)
		w->deepest = truly;
	if (rz_responses_followed(&w->h) && depth > w->h.deepest)
		w->h.deepest = depth;
}

static void read_requests(struct world *w, bool watched)
{
	struct rz_frame *f = &w->c.frame;
	bool found = w->lost;
	struct request *r;

	/* what is within a request's body is not looked at */
	if (w->passed > f->next_seq - w->base)
		f->read_end = w->base + w->passed;
	f->have = 0;
	for (; w->next < w->n; w->next++) {
		r = &w->req[w->next];
		f->next_seq = w->base + r->begin;
		if (w->passed < r->begin + HEAD)
			break;
		f->requests++;
		if (!w->other_end && !below(w, 400)) {
			w->other_end = r->begin + HEAD;
			f->several = 1;
		}
		if (r->kind != NO_RESPONSE) {
			r->number = ++f->answerable;
			if (watched) {
				note_request(w, r, found);
				note_depth(w, r);
			}
			found = false;
		}
		f->next_seq = w->base + r->end;
	}
	if (w->next < w->n && w->passed > w->req[w->next].begin)
		f->have = (uint16_t)(w->passed - w->req[w->next].begin);
	w->lost = false;
}

/* ---- the client and its TCP ---- */

static void write_request(struct world *w)
{
	bool acks0 = w->c.frame.acks0, produces = w->c.frame.produce;
	struct request *r = &w->req[w->n];

	if (w->n == REQUESTS)
		return;
	*r = (struct request){.begin = w->written};
	w->wrote_ns = w->now_ns;
	r->end = r->begin + HEAD + below(w, 30);
	r->kind = acks0 && chance(w, 60)      ? NO_RESPONSE
		  : produces && chance(w, 70) ? MUST
					      : REPEATABLE;
	w->written = r->end;
	w->n++;
}

static bool holds(const struct world *w)
{
	return w->w.phase == RZ_PHASE_HOLD && w->now_ns < w->w.deadline_ns;
}

static void drop(struct world *w, uint32_t end)
{
	w->h.held++;
	if (!w->h.fresh || end > w->dropped_end) {
		w->h.held_end = w->base + end;
		w->h.fresh++;
		w->dropped_end = end;
		w->fresh_ns = w->now_ns;
	}
}

static void accept_bytes(struct world *w)
{
	if (w->tcp < w->passed)
		w->tcp = w->passed;
	w->thrown = false;
	if (w->early_end > w->tcp && w->early_begin <= w->tcp)
		w->tcp = w->early_end; /* with bytes that rezone did not read */
	if (w->early_end <= w->tcp)
		w->early_begin = w->early_end = 0;
}

/* A segment comes: new bytes, or, behind a loss, the ones that TCP misses. */
static void segment(struct world *w)
{
	bool again = w->sent > w->tcp && chance(w, 60);
	uint32_t begin = again ? w->tcp : w->sent, end = w->written;

	if (begin == w->written)
		return;
	if (chance(w, 30))
		end = begin + 1 + below(w, end - begin);
	if (end > w->sent)
		w->sent = end;
	if (chance(w, w->loss))
		return;
	if (holds(w)) {
		drop(w, end);
		return;
	}
	if (begin > w->passed) { /* early: it is not looked at */
		w->h.early = 1;
		if (!w->early_end) {
			w->early_begin = begin;
			w->early_end = end;
		}
		return;
	}
	if (end > w->passed) {
		if (w->tcp > w->passed) { /* behind bytes that were not read: the place is lost */
			for (; w->next < w->n && w->req[w->next].begin < w->tcp; w->next++)
				;
			w->lost = true;
			w->passed = w->tcp;
			w->c.frame.synced = w->next < w->n && end >= w->req[w->next].begin + HEAD;
		}
		w->passed = end;
		w->passed_ns = w->now_ns;
		w->c.frame.synced |= w->next < w->n && end >= w->req[w->next].begin + HEAD;
		if (w->c.frame.synced)
			read_requests(w, true);
		else
			w->c.frame.read_end = w->base + w->passed;
	}
	w->thrown = chance(w, 3);
	if (!w->thrown && chance(w, 70))
		accept_bytes(w);
}

/* ---- the agent ---- */

static void respond(struct world *w)
{
	struct request *r = &w->req[w->answered];

	if (w->answered == w->n || w->agent < r->end)
		return;
	if (r->kind == NO_RESPONSE) {
		w->answered++;
		return;
	}
	if (!r->out_end) {
		r->out_end = w->out + 20 + below(w, 20);
		w->out += chance(w, 80) ? r->out_end - w->out : 8 + below(w, 12);
		note_response(w, r);
	} else {
		w->out = r->out_end;
	}
	if (w->out < r->out_end)
		return;
	if (w->h.answers.synced)
		w->h.answers.whole = 1;
	r->out_ns = w->now_ns;
	w->answered++;
}

static void one_thing(struct world *w)
{
	switch (below(w, 12)) {
	case 0:
	case 1:
		if (w->apart_ns ? w->now_ns >= w->wrote_ns + w->apart_ns : chance(w, w->pace))
			write_request(w);
		break;
	case 2:
	case 3:
	case 4:
		segment(w);
		break;
	case 5:
		if (!w->thrown)
			accept_bytes(w);
		break;
	case 6:
	case 7:
		w->agent = chance(w, 80) ? w->tcp : w->agent + below(w, w->tcp - w->agent + 1);
		break;
	case 8:
	case 9:
		respond(w);
		break;
	case 10:
		w->acked = chance(w, 85) ? w->out : w->acked + below(w, w->out - w->acked + 1);
		break;
	default:
		if (chance(w, 2)) /* lost by a hole */
			w->h.answers.synced = w->h.answers.tentative = 0;
	}
}

void world_goes_on(struct world *w)
{
	uint32_t i, n = below(w, 6);

	for (i = 0; i < n; i++)
		one_thing(w);
}

void world_waits(struct world *w)
{
	uint64_t step_ns = chance(w, 70) ? 2 * MS_NS : below(w, 30) * MS_NS + 1;

	w->now_ns += step_ns;
	/* softirqs take turns: what rezone has passed on is with TCP soon */
	if (!w->thrown && w->now_ns >= w->passed_ns + 8 * MS_NS)
		accept_bytes(w);
	if (chance(w, 3))
		w->pace = chance(w, 50) ? 0 : below(w, 100);
	world_goes_on(w);
	if (w->n && w->c.last_request_ns < w->now_ns && w->h.last)
		w->c.last_request_ns = w->now_ns;
}

static void make_plan(struct world *w)
{
	static const uint64_t gaps[] = {0, 10, 60}, holds_for[] = {0, 60, 400, 1000},
			      settles[] = {0, 3, 20, 60};

	w->plan = (struct rz_plan){.close = chance(w, 30) ? RZ_CLOSE_FIN : RZ_CLOSE_RESET,
				   .gap_only = chance(w, 30),
				   .at_once = chance(w, 1),
				   .acks0 = w->c.frame.acks0};
	w->plan.drains = w->plan.close == RZ_CLOSE_FIN && w->plan.gap_only && chance(w, 50);
	w->plan.needs_hold = !w->plan.gap_only && chance(w, 20);
	w->plan.probe = !w->plan.needs_hold && chance(w, 20);
	w->plan.probe_only = w->plan.probe && !w->plan.gap_only;
	w->plan.in_use = !w->plan.needs_hold && !w->plan.probe && chance(w, 10);
	w->plan.tells_from = (uint8_t)below(w, 20);
	w->l = (struct rz_wait_limits){.gap_ns = gaps[below(w, COUNT(gaps))] * MS_NS,
				       .hold_ns = holds_for[below(w, COUNT(holds_for))] * MS_NS,
				       .settle_ns = settles[below(w, COUNT(settles))] * MS_NS,
				       .one_step = chance(w, 60)};
	if (w->plan.drains && chance(w, 70)) { /* so it needs time */
		w->apart_ns = (60 + below(w, 100)) * MS_NS;
		w->loss = 0;
		w->l.gap_ns = 400 * MS_NS;
		w->l.hold_ns = 1000 * MS_NS;
	}
}

void world_make(struct world *w, uint64_t seed)
{
	uint32_t i, n;

	memset(w, 0, sizeof(*w));
	w->noise = (seed + 1) * 0x9e3779b97f4a7c15ULL;
	below(w, 2);
	w->base = chance(w, 50) ? 0u - below(w, 1000) : below(w, UINT32_MAX);
	w->now_ns = 1000 * MS_NS;
	w->pace = below(w, 100);
	w->c.seq_base = w->base;
	w->c.frame = (struct rz_frame){.state = RZ_STATE_DATA,
				       .client = 7,
				       .owner = 1,
				       .synced = 1,
				       .fetch = 1,
				       .produce = chance(w, 80),
				       .read_end = w->base,
				       .next_seq = w->base};
	w->c.cookie = w->h.cookie = 1;
	w->c.frame.acks0 = w->c.frame.produce && chance(w, 15);
	w->loss = chance(w, 30) ? below(w, 40) : 0;
	make_plan(w);
	/* the time before the watch: nobody has noted what was sent then */
	n = below(w, 4);
	for (i = 0; i < n; i++)
		write_request(w);
	w->passed = w->tcp = w->sent = w->written;
	read_requests(w, false);
	w->agent = chance(w, 60) ? w->tcp : below(w, w->tcp + 1);
	for (i = 0; i < n && chance(w, 70); i++)
		respond(w);
	w->acked = w->out;
	memset(&w->h, 0, offsetof(struct rz_hold, expected));
	w->h.cookie = 1;
	/* it was listened to: its responses have been followed for a while */
	w->listened = chance(w, 25);
	for (i = w->listened ? below(w, 60) : 0; i; i--)
		world_waits(w);
	w->begun_ns = w->now_ns;
	w->w = rz_wait_begin(w->now_ns);
}

/* ---- what TCP says ---- */

struct rz_destroy_seen world_tcp(const struct world *w)
{
	return (struct rz_destroy_seen){
		.received = w->tcp, .unread = w->agent != w->tcp, .unacked = w->acked != w->out};
}

enum rz_check world_walk(const struct world *w)
{
	const struct rz_frame *f = &w->c.frame;
	uint32_t rcv_nxt = w->base + w->tcp;
	struct rz_tcp_seen t = {
		.unseen = (int32_t)(f->next_seq + f->have + f->skip - rcv_nxt) < 0,
		.unread = w->agent != w->tcp,
		.unacked = w->acked != w->out,
		.out_of_order = w->early_end != 0,
		.part_request = f->have || f->next_seq != rcv_nxt,
		.must_be_whole = rz_plan_gap_only(&w->plan),
		.held = w->w.deadline_ns != 0,
		.part_latest = (int32_t)(w->h.must_end - rcv_nxt) > 0,
		.part_response = (int32_t)(w->h.answers.next_seq - (w->base + w->acked)) > 0};

	if ((int32_t)(f->read_end - rcv_nxt) > 0)
		return RZ_CHECK_NOT_ACCEPTED;
	return rz_wait_needs_gap(&w->plan, &w->l) ? rz_responses_gap(f, &w->h, w->w.settled, &t)
						  : RZ_CHECK_PASSED;
}
