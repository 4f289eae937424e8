// SPDX-License-Identifier: Apache-2.0
/*
 * The framing stage in the kernel and the reference framer in user space give the same answer for
 * every stream of the corpus: the seeds (tests/fuzz/seeds.c), tests/fuzz/corpus/frame.hex, and what
 * `make fuzz` has found, if it ran. Whole, in every two pieces, in random many with
 * repetitions and gaps, where TCP says what it has, too; and with damaged copies before the true
 * segments, which TCP throws away. Run by `make bpf-test`; needs root and a kernel with BPF.
 *
 * CORPUS_EVERY=n: every n-th cut alone, and fewer random ways, where time is short.
 */
#include "corpus.h"

#define CPUS_MAX 1024

static void whole(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < n_streams; i++) {
		begin(SEQ0, false, &streams[i]);
		piece(&streams[i], SEQ0, 0, streams[i].n);
		agree(&streams[i], SEQ0, "whole", 0);
	}
}

/* Cut at every byte. A stream in which nothing is wrong must come to the same wherever it is cut.
 */
static void every_two(void **state)
{
	uint32_t at, splits = 0, same = 0, seq0;
	static struct framer uncut;
	size_t i;

	(void)state;
	for (i = 0; i < n_streams; i++) {
		const struct stream *s = &streams[i];

		framer_begin(&uncut, s->p, false);
		framer_segment(&uncut, 0, s->n, 0);
		for (at = 1 + (uint32_t)i % every; at < s->n; at += every, splits++) {
			seq0 = at % 4 ? SEQ0 : 0u - at; /* also through zero, at the cut */
			begin(seq0, false, s);
			piece(s, seq0, 0, at);
			agree(s, seq0, "the first part, cut at", at);
			piece(s, seq0, at, s->n - at);
			agree(s, seq0, "cut at", at);
			if (uncut.lost || uncut.too_many || framer_settled(&uncut))
				continue;
			same++;
			if (model.f.requests != uncut.f.requests ||
			    model.f.next_seq != uncut.f.next_seq || model.lost)
				fail_msg("%s: cut at %u it is not what it is uncut", s->name, at);
		}
	}
	printf("every two pieces: %u, of these %u of good streams\n", splits, same);
	assert_true(same > 50000 / every);
}

/* How often what was read was read anew. */
static uint64_t taken_back(void)
{
	static struct rz_stats cpus[CPUS_MAX];
	uint64_t sum = 0;
	uint32_t zero = 0;
	int i;

	assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.stats), &zero, cpus));
	for (i = 0; i < libbpf_num_possible_cpus(); i++)
		sum += cpus[i].taken_back;
	return sum;
}

/* A segment for each request, which is what the fast path is for; with it and without it. */
static void each_request(void **state)
{
	uint32_t at, len, slow, fast = skel->bss->rz_test_fast;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * n_streams; i++) {
		const struct stream *s = &streams[i / 2];

		slow = i % 2;
		skel->bss->rz_test_slow = slow;
		begin(1000, false, s);
		for (at = 0; at < s->n; at += len) {
			len = s->n - at;
			if (len > 4 && rz_bytes_be32(s->p + at) < len - 4)
				len = rz_bytes_be32(s->p + at) + 4;
			piece(s, 1000, at, len);
			agree(s, 1000, "a segment for each request", slow);
		}
	}
	skel->bss->rz_test_slow = 0;
	printf("the fast path took %u segments\n", skel->bss->rz_test_fast - fast);
	assert_true(!skel->bss->rz_test_has_fast || skel->bss->rz_test_fast > fast + 200);
}

/* The k-th random way through stream `i`: with `flags`, and with those of `may` that k brings. */
static uint32_t way_number(size_t i, uint32_t k, uint32_t flags, uint32_t may)
{
	return (uint32_t)(i * 2654435761u + k * 40503u) << 8 | flags | (k * 37 & may);
}

/* Random pieces, repeated, out of order, and with some never seen. */
static void random_ways(void **state)
{
	struct way_piece p;
	uint32_t k, number, lost = 0, found = 0;
	uint64_t before = pieces;
	size_t i;

	(void)state;
	for (i = 0; i < n_streams; i++)
		for (k = 0; k < rounds; k++) {
			const struct stream *s = &streams[i];

			number = !k && s->way ? s->way : way_number(i, k, WAY_CUT, 0xff);
			way_begin(&way, number, s->n, PIECE_MAX);
			way.stream = s->p;
			skel->bss->rz_test_slow = !!(way.flags & WAY_SLOW);
			begin(way.seq0, way.flags & WAY_ADOPTED, s);
			while (way_next(&way, &p)) {
				if (!p.seen)
					continue;
				piece(s, way.seq0, p.at, p.len);
				agree(s, way.seq0, "way", number);
			}
			lost += model.lost;
			found += model.found;
		}
	printf("random ways: %zu, %lu pieces; lost %u times, found again %u times\n",
	       n_streams * rounds, pieces - before, lost, found);
	assert_true(found > 0 && lost > found);
	skel->bss->rz_test_slow = 0;
}

/* The same, and TCP says what it has: what comes early waits. Bytes that come again before TCP has
 * them are read anew, of which the model knows nothing: there the way ends. */
static void random_ways_early(void **state)
{
	uint32_t k, number, early = 0, ended = 0;
	struct way_piece p;
	size_t i;

	(void)state;
	for (i = 0; i < n_streams; i++)
		for (k = 0; k < rounds; k++) {
			const struct stream *s = &streams[i];
			uint64_t before = taken_back();

			number = !k && s->way ? s->way
					      : way_number(i, k, WAY_CUT | WAY_REORDER, 0xff);
			way_begin(&way, number, s->n, PIECE_MAX);
			begin(way.seq0, way.flags & WAY_ADOPTED, s);
			while (way_next(&way, &p)) {
				if (!p.seen)
					continue;
				tcp_has(way.seq0, p.rcv_nxt);
				feed(way.seq0 + p.at, s->p + p.at, p.len);
				if (taken_back() != before) {
					ended++;
					break;
				}
				framer_segment(&model, p.at, p.len, p.rcv_nxt);
				if (model.again) {
					ended++;
					break;
				}
				agree(s, way.seq0, "way with early segments", number);
			}
			early += model.early;
		}
	printf("random ways: %u segments early, %u ways ended\n", early, ended);
	assert_true(early > 0 && ended < n_streams * rounds / 2);
}

/* A copy of a piece comes, damaged where headers are: TCP throws it away, and the model never hears
 * of it. Its length may be another, too: what was sent again is cut elsewhere. */
static void rejected(const struct stream *s, uint32_t seq0, uint32_t at, uint32_t len)
{
	static uint8_t bad[PIECE_MAX];
	uint32_t n = 1 + way_random(&way, 4);

	len = len > PIECE_MAX ? PIECE_MAX : len;
	memcpy(bad, s->p + at, len);
	while (n--)
		bad[way_random(&way, len < 40 ? len : 40)] ^= 1 + way_random(&way, 255);
	feed(seq0 + at, bad, way_random(&way, 2) ? len : 1 + way_random(&way, len));
	n_rejected++;
}

/* Cut at every fourth byte, and a damaged copy of each part comes first. */
static void every_two_rejected(void **state)
{
	uint32_t at, seq0, before = n_rejected, step = 4 * every;
	size_t i;

	(void)state;
	for (i = 0; i < n_streams; i++) {
		const struct stream *s = &streams[i];

		way_begin(&way, (uint32_t)i * 2654435761u << 8, s->n, PIECE_MAX);
		for (at = 1 + (uint32_t)i % step; at < s->n && at <= PIECE_MAX; at += step) {
			seq0 = at % 4 ? SEQ0 : 0u - at;
			begin(seq0, false, s);
			tcp_has(seq0, 0);
			rejected(s, seq0, 0, at);
			piece(s, seq0, 0, at);
			agree(s, seq0, "behind a rejected first part, cut at", at);
			tcp_has(seq0, at);
			rejected(s, seq0, at, s->n - at);
			piece(s, seq0, at, s->n - at > PIECE_MAX ? PIECE_MAX : s->n - at);
			agree(s, seq0, "behind a rejected second part, cut at", at);
		}
	}
	printf("every two pieces: %u rejected\n", n_rejected - before);
	assert_true(n_rejected - before > 50000 / every / 2);
}

/* Random pieces and repetitions, some behind a damaged copy. None early or unseen: what was taken
 * back there may be more than what comes again. Out of sync, a damaged copy counts for the
 * back-off, too, whether a request is found in it or not, and the model never hears of it: where
 * either of the two backs off, the way ends. */
static void random_ways_rejected(void **state)
{
	const uint32_t flags = WAY_CUT | WAY_REPEAT | WAY_WRAP | WAY_TINY;
	uint32_t k, number, before = n_rejected, ended = 0;
	struct way_piece p;
	size_t i;

	(void)state;
	for (i = 0; i < n_streams; i++)
		for (k = 0; k < rounds; k++) {
			const struct stream *s = &streams[i];

			number = way_number(i, k, WAY_CUT, flags);
			way_begin(&way, number, s->n, PIECE_MAX);
			begin(way.seq0, false, s);
			while (way_next(&way, &p)) {
				tcp_has(way.seq0, p.rcv_nxt);
				/* of what TCP has, nothing is looked at */
				if (p.at >= p.rcv_nxt && way_random(&way, 3) == 0)
					rejected(s, way.seq0, p.at, p.len);
				feed(way.seq0 + p.at, s->p + p.at, p.len);
				if (conn().misses >= RZ_MISSES_FREE ||
				    model.misses >= RZ_MISSES_FREE) {
					ended++;
					break;
				}
				framer_segment(&model, p.at, p.len, p.rcv_nxt);
				agree(s, way.seq0, "way with rejected segments", number);
			}
		}
	printf("random ways: %u rejected, %u ways ended\n", n_rejected - before, ended);
	assert_true(n_rejected > before && ended < n_streams * rounds / 4);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(every_two),
		cmocka_unit_test(each_request),
		cmocka_unit_test(random_ways),
		cmocka_unit_test(random_ways_early),
		cmocka_unit_test(every_two_rejected),
		cmocka_unit_test(random_ways_rejected),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "corpus, IPv6" : "corpus, IPv4", tests,
					   corpus_setup, teardown);
}
