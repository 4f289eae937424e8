// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer over the product's framing stage: any bytes, any way through the network, must come to
 * what the reference framer says, after each segment.
 *
 * Comes in: four bytes, the way (way.h), and a stream. Goes out: nothing, or an abort that says
 * what differs. Run by `make fuzz`.
 */
#include "framer.h"
#include "framing.h"
#include "made.h"
#include "way.h"

#include <stdio.h>
#include <stdlib.h>

static struct framer model;
static struct way way;
static unsigned long busy_segments, lost_segments;

static void differs(const char *what, const struct way_piece *p)
{
	const struct rz_frame *f = framing_frame();

	fprintf(stderr, "%s differs after [%u, %u) of %u, TCP had %u\n", what, p->at,
		p->at + p->len, way.n, p->rcv_nxt);
	fprintf(stderr, "product: %u requests, next %u, have %u, skip %u, state %u, synced %u\n",
		f->requests, f->next_seq - way.seq0, f->have, f->skip, f->state, f->synced);
	fprintf(stderr, "reference: %u requests, next %u, wants %u, state %u, synced %u\n",
		model.f.requests, model.f.next_seq, model.wants, model.f.state, model.f.synced);
	abort();
}

static const char *kept_differs(const struct rz_frame *f)
{
	const struct rz_client_id *id = framing_client_id();
	const struct rz_software *software = framing_software();
	const struct rz_proxied *proxied = framing_proxied();

	if (f->client && !f->tentative &&
	    (!id || id->len != model.id.len || memcmp(id->raw, model.id.raw, sizeof(id->raw))))
		return "the client.id";
	if (f->software && f->software != RZ_SOFTWARE_UNKEPT &&
	    (!software || memcmp(software, &model.software, sizeof(*software))))
		return "the software";
	if (f->via == RZ_VIA_PROXY && (!proxied || proxied->len != model.proxied.len ||
				       memcmp(proxied->raw, model.proxied.raw, proxied->len)))
		return "the PROXY header";
	return NULL;
}

/* ---- what may differ ---- */

/*
 * Nearly nothing: the reference gets the pieces that TCP gets, in that order, so it loses the
 * frame, finds it and keeps early pieces by itself. Each of these is there for something that the
 * product alone sees. Those of one piece end with it.
 */
static struct {
	/* Of this piece: what the product reads twice it may count twice. */
	bool counts;
	/* Of this piece: two CPUs had some of the same bytes at once. The one that was slower
	 * brings bytes that the other one has read, and goes back behind both. */
	bool overlap;
	/* Of this piece: so many came on other CPUs meanwhile. The reference is told of them first.
	 * The product may have put its own frame back by then, so that they are not early. */
	uint32_t early;
} may;

static uint64_t taken_back; /* before this piece */

/* Was the frame ever out of sync? Then a frame that is gone back to may be out of sync too, and
 * what is found from there on may be another request than the one that was found before. */
static bool was_lost(void)
{
	const struct rz_stats *s = framing_stats();

	return way.flags & WAY_ADOPTED || s->frame_lost || s->read_again || model.lost;
}

/* Does the product say no more of the stream than the reference? */
static bool knows_less(const struct rz_frame *f)
{
	const struct rz_frame *m = &model.f;
	uint32_t wants = f->next_seq + f->have + f->skip - way.seq0;

	if (framer_settled(&model))
		return true;
	if (f->requests > m->requests || f->answerable > m->answerable)
		return false;
	if (f->synced && m->synced && (int32_t)(wants - model.wants) > 0)
		return false;
	return !f->synced || m->synced;
}

/* Why the product may differ behind this piece, or NULL. */
static const char *excuse(const struct rz_frame *f)
{
	/* The product goes back to where these bytes were in sync (framer.h). */
	if (model.again)
		return "again";
	if (!knows_less(f) && !was_lost())
		return NULL;
	/* What was read behind the bytes that came again is taken back with them, and TCP may have
	 * it already. */
	if (framing_stats()->taken_back != taken_back)
		return "taken back";
	return may.overlap ? "overlap" : NULL;
}

static void piece_begins(void)
{
	taken_back = framing_stats()->taken_back;
	may.counts = may.overlap = model.again = false;
	may.early = 0;
}

/* The product's word once it had seen a damaged copy, of which TCP has nothing. */
static struct {
	uint32_t wants;
	uint64_t taken_back;
	bool early, synced;
} hurt;

static void was_hurt(const struct way_piece *p)
{
	const struct rz_frame *f = framing_frame();

	may.counts = true;
	hurt.early = framer_damaged(&model, p->at, p->len, p->rcv_nxt);
	hurt.wants = f->next_seq + f->have + f->skip - way.seq0;
	hurt.synced = f->synced;
	hurt.taken_back = framing_stats()->taken_back;
}

/* The true copy was seen. If what was read of the damaged one is taken back by it, what was kept
 * early and read behind that one does not come again. */
static void was_mended(void)
{
	if (!hurt.early && framing_stats()->taken_back != hurt.taken_back)
		framer_passed(&model, hurt.wants, hurt.synced);
}

static const char *counts_differ(const struct rz_frame *f)
{
	const struct rz_stats *s = framing_stats();

	if (s->requests != model.n_requests)
		return "requests counted";
	if (s->frame_lost != model.lost)
		return "frame_lost";
	if (s->frame_found != model.found)
		return "frame_found";
	if (s->early_segments > model.early || model.early - s->early_segments > may.early)
		return "early_segments";
	if (s->identified != model.identified)
		return "identified";
	if (s->too_many_requests != model.too_many)
		return "too_many_requests";
	if (s->backed_off != model.backed_off)
		return "backed_off";
	if (framing_pieces() > 16 + (f->have > 0))
		return "what is kept of headers";
	return NULL;
}

/* From here on the counts are compared again. */
static void take_counts(void)
{
	const struct rz_stats *s = framing_stats();

	model.n_requests = (uint32_t)s->requests;
	model.lost = (uint32_t)s->frame_lost;
	model.found = (uint32_t)s->frame_found;
	model.early = (uint32_t)s->early_segments;
	model.identified = (uint32_t)s->identified;
	model.too_many = (uint32_t)s->too_many_requests;
	model.backed_off = (uint32_t)s->backed_off;
}

/* Compares the two behind a piece. False: they differ, as they may, and nothing can be compared any
 * more. */
static bool agree(const struct way_piece *p)
{
	const struct rz_frame *f = framing_frame();
	const char *what = framer_differs(&model, f, way.seq0);

	if (!what)
		what = kept_differs(f);
	if (what && excuse(f))
		return false;
	if (!what && !may.counts && !excuse(f))
		what = counts_differ(f);
	if (what)
		differs(what, p);
	take_counts();
	return true;
}

static struct framing_segment as_segment(const uint8_t *stream, const struct way_piece *p)
{
	return (struct framing_segment){way.seq0 + p->at, p->len, stream + p->at,
					way.seq0 + p->rcv_nxt};
}

static struct framing_segment damaged(const struct framing_segment *good)
{
	static uint8_t bytes[FRAMING_STREAM_MAX];
	struct framing_segment bad = *good;
	uint32_t n = 1 + way_random(&way, 4);

	memcpy(bytes, good->payload, good->len);
	while (n--)
		bytes[way_random(&way, good->len < 40 ? good->len : 40)] ^=
			1 + way_random(&way, 255);
	bad.payload = bytes;
	return bad;
}

/* A damaged copy comes before the segment, and TCP throws it away. */
static void hurt_first(const struct framing_segment *good, const struct way_piece *p)
{
	struct framing_segment bad = damaged(good);

	framing_segment(&bad, NULL, 0, 0);
	was_hurt(p);
}

/* Where the other CPU comes in. From the number that the way has come to, and not the next one: the
 * ways of the corpus stay what they were. */
static enum framing_instant instant(void)
{
	static const enum framing_instant all[] = {
		FRAMING_BEFORE, FRAMING_BEFORE, FRAMING_BEFORE, FRAMING_TAKEN,
		FRAMING_TAKEN,	FRAMING_MIDST,	FRAMING_MIDST,	FRAMING_GIVING,
	};

	return all[way.random >> 9 & 7];
}

static bool overlap(const struct way_piece *a, const struct way_piece *b)
{
	return a->at < b->at + b->len && b->at < a->at + a->len;
}

/* Two segments at once, or three: as if one had come behind the other. */
static void at_once(const uint8_t *stream, const struct way_piece *p, size_t n)
{
	struct framing_segment s[3] = {as_segment(stream, p)};
	struct framing_other others[2];
	size_t i, done;

	for (i = 1; i < n; i++) {
		s[i] = as_segment(stream, &p[i]);
		others[i - 1] = (struct framing_other){&s[i], instant()};
	}
	if (n == 3) { /* the claim is had for nothing, and the third one does not get it */
		others[0].at = FRAMING_BEFORE;
		others[1].at = FRAMING_TAKEN;
	}
	done = framing_segment(&s[0], others, n - 1, way_random(&way, 256) * way_random(&way, 2));
	for (i = 1; i <= done; i++)
		if (!(framing_dropped & 1u << (i - 1)))
			framer_segment(&model, p[i].at, p[i].len, p[i].rcv_nxt);
	framer_segment(&model, p[0].at, p[0].len, p[0].rcv_nxt);
	for (; i < n; i++)
		framer_segment(&model, p[i].at, p[i].len, p[i].rcv_nxt);
	for (i = 1; i <= done; i++)
		if (framing_dropped & 1u << (i - 1))
			way_drop(&way, &p[i]);
}

/* ... so that it still is a request of the client, with another number, or a longer one. */
static struct framing_segment damaged_little(const struct framing_segment *good)
{
	static uint8_t bytes[FRAMING_STREAM_MAX];
	struct framing_segment bad = damaged(good);

	if (good->len < 12 || !(way.random >> 18 & 3))
		return bad;
	memcpy(bytes, good->payload, good->len);
	bytes[way.random >> 18 & 1 ? 11 : 3] ^= 1 << (way.random >> 20 & 7);
	bad.payload = bytes;
	return bad;
}

/* The fast path is at work on a damaged copy, and is stopped; meanwhile the segment itself comes on
 * another CPU. It is dropped, TCP throws the damaged copy away, and it comes again. */
static bool hurt_meanwhile(const uint8_t *stream, const struct way_piece *p)
{
	struct framing_segment good = as_segment(stream, p), bad = damaged_little(&good);
	struct framing_other other = {&good, instant()};
	uint64_t took = framing_fast_took, stopped = framing_stopped;
	size_t done = framing_segment(&bad, &other, 1, 0);

	was_hurt(p);
	if (framing_dropped)
		framing_segment(&good, NULL, 0, 0);
	else if (framing_stopped != stopped && framing_fast_took != took)
		differs("what passed while the claim was had", p);
	else if (done) /* TCP has taken the good one before the bad one is put back */
		return false;
	was_mended();
	framer_segment(&model, p->at, p->len, p->rcv_nxt);
	return true;
}

/* A piece that comes while another task of its CPU has the scratch: what would be read is dropped.
 * The fast path goes on, but what was kept behind its segment is looked at one segment later.
 * False: that, and nothing can be compared any more. */
static bool busy(const uint8_t *stream, const struct way_piece *p)
{
	struct framing_segment s = as_segment(stream, p);
	struct rz_frame before = *framing_frame();
	uint64_t took = framing_fast_took, found = framing_stats()->scratch_busy;
	bool dropped = framing_busy(&s);

	if (framing_fast_took != took) {
		framer_segment(&model, p->at, p->len, p->rcv_nxt);
		return !framing_kept_early();
	}
	/* twice where the fast path had the claim for nothing, and looked for early segments */
	found = framing_stats()->scratch_busy - found;
	busy_segments += dropped;
	if (dropped != (found > 0) || found > 2)
		differs("whether a segment is dropped", p);
	if (memcmp(&before, framing_frame(), sizeof(before)))
		differs("a frame whose segment was not read", p);
	if (dropped)
		way_drop(&way, p);
	return true;
}

/* A piece whose connection other CPUs change at each try, or on which another one has the claim: it
 * is dropped, and nothing of it is kept. Else nothing was to be read in it. */
static void loses(const uint8_t *stream, const struct way_piece *p)
{
	struct framing_segment s = as_segment(stream, p);
	struct rz_frame before = *framing_frame();
	uint32_t pieces = framing_pieces();

	if (!framing_loses(&s, way_random(&way, 2)))
		return;
	lost_segments++;
	if (memcmp(&before, framing_frame(), sizeof(before)))
		differs("a frame whose segment lost each try", p);
	if (framing_pieces() != pieces)
		differs("what is kept of headers of a segment that lost each try", p);
	way_drop(&way, p);
}

/* ---- parking ---- */

/* What user space may do to a mark. A connection is not parked again before it was read. */
static const enum rz_park steps[][2] = {
	{RZ_PARK_NO, RZ_PARK_WANTED},	  {RZ_PARK_WANTED, RZ_PARK_NO},
	{RZ_PARK_PARKED, RZ_PARK_ENDING}, {RZ_PARK_ENDING, RZ_PARK_PARKED},
	{RZ_PARK_ENDED, RZ_PARK_NO},
};

static struct rz_frame parked; /* the frame of the parked connection */

/* Nothing of a parked connection is read or kept. */
static void parked_stays(const struct way_piece *p)
{
	const struct rz_frame *f = framing_frame();

	if (memcmp(f, &parked, sizeof(*f)))
		differs("a parked frame", p);
	if (framing_pieces() || framing_kept_early())
		differs("what is kept of a parked connection", p);
}

static void change_mark(void)
{
	const enum rz_park *s = steps[way_random(&way, sizeof(steps) / sizeof(steps[0]))];

	if (way_random(&way, 2))
		framing_mark(s[0], s[1]);
}

/* A segment of a connection whose mark is WANTED or beyond. Returns whether it was read. */
static bool parking(const struct framing_segment *s, const struct way_piece *p)
{
	enum rz_park before = framing_park();
	bool was = before == RZ_PARK_PARKED || before == RZ_PARK_ENDING;
	uint32_t read_end = framing_frame()->read_end;

	framing_segment(s, NULL, 0, 0);
	if (framing_park() == RZ_PARK_PARKED) {
		if (!was)
			parked = *framing_frame();
		if (!was && (int32_t)(read_end - s->rcv_nxt) > 0)
			differs("parked too early: what TCP had", p);
		parked_stays(p);
		return false;
	}
	if (before == RZ_PARK_ENDING)
		framer_unparked(&model, p->rcv_nxt);
	return true;
}

/* Parked while another CPU is at work on a segment: what that one has read does not come in behind
 * it. Which of the two was first is not asked, so nothing else can be compared any more. */
static void parked_meanwhile(const uint8_t *stream, const struct way_piece *a,
			     const struct way_piece *b)
{
	struct framing_segment first = as_segment(stream, a), second = as_segment(stream, b);
	struct framing_other other = {&second, instant()};
	struct way_piece p = *b;

	framing_mark_meanwhile(RZ_PARK_NO, RZ_PARK_WANTED);
	framing_segment(&first, &other, 1, way_random(&way, 256) * way_random(&way, 2));
	if (framing_park() != RZ_PARK_PARKED)
		return;
	parked = *framing_frame();
	do {
		parked_stays(&p);
		first = as_segment(stream, &p);
		framing_segment(&first, NULL, 0, 0);
	} while (way_next(&way, &p));
}

/* A corpus that never gets there would prove nothing of it. */
static void __attribute__((destructor)) say_fast(void)
{
	fprintf(stderr,
		"the fast path took %llu segments, and was stopped in %llu; %lu came while the "
		"scratch was taken, %lu lost each try\n",
		(unsigned long long)framing_fast_took, (unsigned long long)framing_stopped,
		busy_segments, lost_segments);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct way_piece p, q[3];
	struct framing_segment s;
	static uint8_t made[FRAMING_STREAM_MAX];
	const uint8_t *stream = data + 4;
	bool bad;
	size_t n;

	if (size < 5 || size - 4 > FRAMING_STREAM_MAX)
		return 0;
	if (rz_bytes_be32(data) & WAY_MADE) {
		size = 4 + made_stream(stream, size - 4, made, sizeof(made));
		stream = made;
	}
	way_begin(&way, rz_bytes_be32(data), (uint32_t)size - 4, FRAMING_STREAM_MAX);
	way.stream = stream;
	framing_fast = !(way.flags & WAY_SLOW);
	framing_claims = !(way.flags & WAY_LOCK);
	framing_begin(way.seq0, way.flags & WAY_ADOPTED);
	framer_begin(&model, stream, way.flags & WAY_ADOPTED);
	model.seq0 = way.seq0;
	while (way_next(&way, &p)) {
		piece_begins();
		if (!p.seen) {
			if (!(way.flags & WAY_BUSY) || framing_park() >= RZ_PARK_WANTED)
				continue;
			if (way_random(&way, 2))
				loses(stream, &p);
			else if (!busy(stream, &p))
				return 0;
			if (!agree(&p))
				return 0;
			continue;
		}
		if (way.flags & WAY_PARK)
			change_mark();
		if (framing_park() >= RZ_PARK_WANTED) {
			s = as_segment(stream, &p);
			if (!parking(&s, &p))
				continue;
			framer_segment(&model, p.at, p.len, p.rcv_nxt);
		} else if (way.flags & WAY_PARK && way.flags & WAY_RACE && !way_random(&way, 8) &&
			   way_next(&way, &q[1])) {
			q[1].rcv_nxt = p.rcv_nxt;
			parked_meanwhile(stream, &p, &q[1]);
			return 0;
		} else if (way.flags & WAY_RACE && way_random(&way, 2) && way_next(&way, &q[1])) {
			q[0] = p;
			n = 2 + (!(way.random >> 13 & 3) && way_next(&way, &q[2]));
			q[1].rcv_nxt = q[2].rcv_nxt = p.rcv_nxt; /* TCP has taken none */
			may.overlap = overlap(&q[0], &q[1]) ||
				      (n == 3 && (overlap(&q[0], &q[2]) || overlap(&q[1], &q[2])));
			may.early = (uint32_t)n - 1;
			at_once(stream, q, n);
		} else if (way.flags & WAY_RACE && p.at >= p.rcv_nxt && !(way.random >> 15 & 7)) {
			if (!hurt_meanwhile(stream, &p))
				return 0;
		} else {
			s = as_segment(stream, &p);
			/* of what TCP has, nothing is looked at (rz_segment_in_window) */
			bad = p.at >= p.rcv_nxt && way.flags & WAY_REPEAT &&
			      way_random(&way, 3) == 0;
			if (bad)
				hurt_first(&s, &p);
			framing_segment(&s, NULL, 0, 0);
			if (bad)
				was_mended();
			framer_segment(&model, p.at, p.len, p.rcv_nxt);
		}
		if (!agree(&p))
			return 0;
	}
	return 0;
}
