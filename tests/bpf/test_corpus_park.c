// SPDX-License-Identifier: Apache-2.0
/*
 * Parking, for every stream of the corpus (corpus.h): cut at every byte, parked there, left unread
 * for a while, and read again; and random ways on which user space changes the mark before any
 * segment. While the connection is parked nothing of it is read or kept. Afterwards the kernel says
 * what the reference framer says: the same client.id, and in sync again where a request of it
 * begins, or out of sync. Run by `make bpf-test`; needs root and a kernel with BPF.
 *
 * CORPUS_EVERY=n: every n-th cut alone. `make bpf-test` takes every 16th, or the two families of
 * addresses would take a minute; `make corpus-park` takes all.
 */
#include "corpus.h"

/* What user space may do to a mark. A connection is not parked again before it was read. */
static const enum rz_park steps[][2] = {
	{RZ_PARK_NO, RZ_PARK_WANTED},	  {RZ_PARK_WANTED, RZ_PARK_NO},
	{RZ_PARK_PARKED, RZ_PARK_ENDING}, {RZ_PARK_ENDING, RZ_PARK_PARKED},
	{RZ_PARK_ENDED, RZ_PARK_NO},
};

static struct rz_frame parked_frame; /* of the parked connection */
static uint32_t n_parked, n_unread, n_ended;

static void stays_as_it_is(const struct stream *s, const char *how, uint32_t where)
{
	struct rz_conn c = conn();

	if (memcmp(&c.frame, &parked_frame, sizeof(parked_frame)))
		fail_msg("%s, %s %u: a parked frame changed", s->name, how, where);
	if (pieces_kept() || kept_early())
		fail_msg("%s, %s %u: something is kept of a parked connection", s->name, how,
			 where);
}

/* A segment comes; TCP has all before `rcv_nxt`. Was it read? */
static bool segment(const struct stream *s, uint32_t seq0, const struct way_piece *p,
		    const char *how, uint32_t where)
{
	struct rz_conn was = conn();
	bool parked = was.park == RZ_PARK_PARKED || was.park == RZ_PARK_ENDING;

	tcp_has(seq0, p->rcv_nxt);
	feed(seq0 + p->at, s->p + p->at, p->len);
	pieces++;
	if (conn().park == RZ_PARK_PARKED) {
		if (!parked) {
			n_parked++;
			parked_frame = conn().frame;
			if ((int32_t)(was.frame.read_end - seq0 - p->rcv_nxt) > 0)
				fail_msg("%s, %s %u: parked before TCP had what was read", s->name,
					 how, where);
		}
		n_unread++;
		stays_as_it_is(s, how, where);
		return false;
	}
	if (was.park == RZ_PARK_ENDING) {
		n_ended++;
		assert_int_equal(RZ_PARK_ENDED, conn().park);
		framer_unparked(&model, p->rcv_nxt);
	}
	framer_segment(&model, p->at, p->len, p->rcv_nxt);
	return true;
}

/* In order, in pieces that TEST_RUN takes. */
static void next_bytes(const struct stream *s, uint32_t seq0, uint32_t from, uint32_t to,
		       uint32_t where)
{
	struct way_piece p;

	for (; from < to; from += p.len) {
		p.len = to - from > PIECE_MAX ? PIECE_MAX : to - from;
		p.at = p.rcv_nxt = from;
		if (segment(s, seq0, &p, "parked at", where))
			agree(s, seq0, "parked at", where);
	}
}

/* Where the first request behind `at` begins, in a stream that was read whole; or the end. */
static uint32_t next_request(const struct framer *uncut, uint32_t at, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < uncut->n_requests && i < FRAMER_REQUESTS_MAX; i++)
		if (uncut->requests[i].at > at)
			return uncut->requests[i].at;
	return n;
}

/* Reads up to `at`, does not read up to `again`, and reads the rest, a segment for each request. */
static void parked_at(const struct stream *s, const struct framer *uncut, uint32_t at,
		      uint32_t again)
{
	uint32_t seq0 = at % 4 ? SEQ0 : 0u - at, to;

	begin(seq0, false, s);
	next_bytes(s, seq0, 0, at, at);
	mark(RZ_PARK_NO, RZ_PARK_WANTED);
	if (at % 8 == 7) { /* it is wanted no more, and once more */
		mark(RZ_PARK_WANTED, RZ_PARK_NO);
		mark(RZ_PARK_NO, RZ_PARK_WANTED);
	}
	next_bytes(s, seq0, at, again, at);
	assert_int_equal(RZ_PARK_PARKED, conn().park);
	mark(RZ_PARK_PARKED, RZ_PARK_ENDING);
	for (; again < s->n; again = to) {
		to = next_request(uncut, again, s->n);
		next_bytes(s, seq0, again, to, at);
		if (conn().park == RZ_PARK_PARKED)
			mark(RZ_PARK_PARKED, RZ_PARK_ENDING);
		else if (at % 16 == 5) { /* ... and it is parked again, one request later */
			mark(RZ_PARK_ENDED, RZ_PARK_NO);
			mark(RZ_PARK_NO, RZ_PARK_WANTED);
		}
	}
}

static void every_cut(void **state)
{
	uint32_t at, cuts = 0, in_sync = 0;
	static struct framer uncut;
	size_t i;

	(void)state;
	for (i = 0; i < n_streams; i++) {
		const struct stream *s = &streams[i];

		framer_begin(&uncut, s->p, false);
		framer_segment(&uncut, 0, s->n, 0);
		for (at = 1 + (uint32_t)i % every; at + 1 < s->n; at += every, cuts++) {
			parked_at(s, &uncut, at, at + 1 + at * 7 % (s->n - at - 1));
			in_sync += model.found > 0;
		}
	}
	printf("cuts: %u, parked %u times, %u segments unread, read again %u times, %u in sync "
	       "again\n",
	       cuts, n_parked, n_unread, n_ended, in_sync);
	assert_true(cuts > 200000 / every && n_parked >= cuts && n_ended >= cuts);
	assert_true(in_sync > cuts / 20);
}

/* The mark changes before any segment, in order or not. Bytes that come again before TCP has them
 * are read anew, of which the model knows nothing: there the way ends. */
static void random_ways(void **state)
{
	uint32_t k, number, was = n_parked, ended = 0, m;
	struct way_piece p;
	struct rz_conn c;
	size_t i;

	(void)state;
	for (i = 0; i < n_streams; i++)
		for (k = 0; k < rounds; k++) {
			const struct stream *s = &streams[i];

			number = (uint32_t)(i * 2654435761u + k * 40503u) << 12 | WAY_CUT |
				 WAY_PARK | (k * 37 & WAY_REORDER) | (k * 37 & WAY_WRAP) |
				 (k * 37 & WAY_ADOPTED) | (k % 2 ? WAY_ASKED : WAY_TINY);
			way_begin(&way, number, s->n, PIECE_MAX);
			way.stream = s->p;
			begin(way.seq0, way.flags & WAY_ADOPTED, s);
			while (way_next(&way, &p)) {
				m = way_random(&way, 2 * sizeof(steps) / sizeof(steps[0]));
				if (m < sizeof(steps) / sizeof(steps[0]))
					mark(steps[m][0], steps[m][1]);
				c = conn();
				if (!segment(s, way.seq0, &p, "way", number))
					continue;
				/* it has gone back, or only the model looks at these again */
				if (model.again ||
				    (int32_t)(c.frame.read_end - way.seq0 - p.at) > 0) {
					ended++;
					break;
				}
				agree(s, way.seq0, "way", number);
			}
		}
	printf("random ways: %zu, parked %u times, %u ways ended\n", n_streams * rounds,
	       n_parked - was, ended);
	assert_true(n_parked - was > n_streams * rounds / 4 && ended < n_streams * rounds / 2);
}

static int park_setup(void **state)
{
	every = 16;
	return corpus_setup(state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut),
		cmocka_unit_test(random_ways),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "parked corpus, IPv6" : "parked corpus, IPv4",
					   tests, park_setup, teardown);
}
