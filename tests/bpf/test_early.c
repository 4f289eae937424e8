// SPDX-License-Identifier: Apache-2.0
/*
 * Segments that come before those in front of them, as two CPUs or a network bring them: nothing of
 * them is lost, in whatever order they come. The test says what TCP has. Run by `make bpf-test`.
 */
#include "fixture.h"

/* Two requests in `n` pieces of one size, in the order `at(i)`. */
static void in_order(uint32_t n, uint32_t (*at)(uint32_t i, uint32_t n))
{
	uint8_t r[512];
	size_t len = make_request(r, 18, 0, 1, ID, (int)strlen(ID), 0);
	uint32_t i, from, piece;

	len += make_request(r + len, RZ_API_FETCH, 4, 2, ID, (int)strlen(ID), 30);
	piece = (uint32_t)(len + n - 1) / n;
	skel->bss->rz_test_has_tcp = 1;
	skel->bss->rz_test_rcv_nxt = SEQ0;
	open_conn();
	for (i = 0; i < n; i++) {
		from = at(i, n) * piece;
		if (from < len)
			feed(SEQ0 + from, r + from, from + piece < len ? piece : len - from);
	}
	assert_id(ID);
	assert_int_equal(2, conn().frame.requests);
	assert_int_equal(0, conn().frame.adopted);
	assert_int_equal(RZ_STATE_DATA, conn().frame.state);
	assert_int_equal(SEQ0 + len, conn().frame.next_seq);
}

static uint32_t backwards(uint32_t i, uint32_t n)
{
	return n - 1 - i;
}

/* The odd ones first: what another CPU has while the first one stands still. */
static uint32_t odd_first(uint32_t i, uint32_t n)
{
	return i < n / 2 ? 2 * i + 1 : 2 * (i - n / 2);
}

static uint32_t pairs(uint32_t i, uint32_t n)
{
	return i + 1 < n || i & 1 ? i ^ 1 : i;
}

static void any_order(void **state)
{
	uint32_t n;

	(void)state;
	for (n = 2; n <= 17; n++) {
		in_order(n, backwards);
		in_order(n, odd_first);
		in_order(n, pairs);
	}
}

static void no_tcp_yet(void)
{
	skel->bss->rz_test_has_tcp = 1;
	skel->bss->rz_test_rcv_nxt = SEQ0;
	open_conn();
}

static uint32_t waits_at(void)
{
	struct rz_frame f = conn().frame;

	return f.next_seq + f.have + f.skip;
}

/* A damaged copy comes early, the true one behind it in order: TCP has not taken what was read. */
static void damaged(void **state)
{
	uint8_t r[512], bad[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), 30);

	(void)state;
	memset(bad, 'x', sizeof(bad));
	no_tcp_yet();
	feed(SEQ0 + 20, bad, n - 20);
	feed(SEQ0, r, 20);
	skel->bss->rz_test_rcv_nxt = SEQ0 + 20;
	feed(SEQ0 + 20, r + 20, n - 20);
	assert_id(ID);
	assert_int_equal(1, conn().frame.requests);
}

/* Both come early: which one TCP has taken is not known, and none is read, whatever came first. The
 * next request is found where it begins. */
static void in_doubt(void **state)
{
	uint8_t r[512], bad[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), 30);
	int bad_first;

	(void)state;
	memcpy(bad, r, n);
	bad[RZ_KAFKA_FIXED + 4] ^= 1; /* in the client.id */
	for (bad_first = 0; bad_first <= 1; bad_first++) {
		forget_clients();
		no_tcp_yet();
		feed(SEQ0 + 10, bad_first ? bad + 10 : r + 10, n - 10);
		feed(SEQ0 + 10, bad_first ? r + 10 : bad + 10, n - 10);
		feed(SEQ0, r, 10);
		assert_int_equal(SEQ0 + 10, waits_at());
		skel->bss->rz_test_rcv_nxt = SEQ0 + n;
		feed(SEQ0 + n, r, n);
		assert_id(ID);
		assert_int_equal(1, conn().frame.requests);
		assert_int_equal(1, conn().frame.adopted);
	}
	no_tcp_yet(); /* two that are equal are one */
	feed(SEQ0 + 10, r + 10, n - 10);
	feed(SEQ0 + 10, r + 10, n - 10);
	feed(SEQ0, r, 10);
	assert_int_equal(SEQ0 + n, waits_at());
	assert_int_equal(0, conn().frame.adopted);
}

/* What is kept of this connection and the others of its slot, as the kernel has it. */
static const uint8_t *kept(void)
{
	static uint64_t value[2048];
	uint32_t slot = 1;

	assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.early), &slot, value));
	return (const uint8_t *)value;
}

static size_t kept_count(const char *what)
{
	size_t n = bpf_map__value_size(skel->maps.early), len = strlen(what), i, found = 0;
	const uint8_t *p = kept();

	for (i = 0; i + len <= n; i++)
		found += !memcmp(p + i, what, len);
	return found;
}

/* The bytes are there while somebody waits for those in front of them, and no longer. */
static void erased(void **state)
{
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), 30);

	(void)state;
	no_tcp_yet();
	feed(SEQ0 + 4, r + 4, n - 4);
	assert_int_equal(1, kept_count(ID));
	feed(SEQ0, r, 4);
	assert_id(ID);
	assert_int_equal(0, kept_count(ID));
}

/* Of a connection that closes. */
static void erased_at_close(void **state)
{
	static uint8_t packet[512];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), 30);

	(void)state;
	no_tcp_yet();
	feed(SEQ0 + 4, r + 4, n - 4);
	assert_int_equal(1, kept_count(ID));
	opts.data_size_in = make_packet(packet, v6, SEQ0, r, 4);
	assert_int_equal(
		0, bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_early_forget), &opts));
	assert_int_equal(0, kept_count(ID));
}

/* That may happen while another connection's piece comes into the same place: what is left of it is
 * not read. */
static void spoiled(void **state)
{
	static uint64_t value[2048];
	uint32_t slot = 1, word;
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), 30);

	(void)state;
	for (word = 3; word < 10; word++) { /* its sum, its numbers, its bytes */
		no_tcp_yet();
		feed(SEQ0 + 4, r + 4, n - 4);
		assert_int_equal(0,
				 bpf_map_lookup_elem(bpf_map__fd(skel->maps.early), &slot, value));
		value[word] = 0;
		assert_int_equal(
			0, bpf_map_update_elem(bpf_map__fd(skel->maps.early), &slot, value, 0));
		feed(SEQ0, r, 4);
		assert_int_equal(SEQ0 + 4, waits_at());
	}
}

/* Of a connection that turns out not to be Kafka. */
static void erased_when_settled(void **state)
{
	static const char ssh[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n";
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), 30);

	(void)state;
	no_tcp_yet();
	feed(SEQ0 + 100, r, n);
	assert_int_equal(1, kept_count(ID));
	feed(SEQ0, ssh, sizeof(ssh) - 1);
	assert_int_equal(RZ_STATE_NOT_KAFKA, conn().frame.state);
	assert_int_equal(0, kept_count(ID));
}

/* What TCP throws away for its number is not kept: the stream comes to that number later. */
static void out_of_window(void **state)
{
	static const uint32_t at[] = {65536, 65537, 1u << 30, 0x7fffffff};
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), 30), i;

	(void)state;
	for (i = 0; i < 4; i++) {
		no_tcp_yet();
		feed(SEQ0 + at[i], r, n);
		assert_int_equal(i == 0, kept_count(ID)); /* a window of 65536 bytes */
	}
}

/* 32 pieces are kept: the oldest one goes, and the frame waits there until TCP has passed it. */
static void overflow(void **state)
{
	const uint32_t piece = 2, max = 32;
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), 30);
	uint32_t more, i;

	(void)state;
	assert_true(n > (max + 2) * piece);
	for (more = 0; more <= 1; more++) {
		no_tcp_yet();
		for (i = 1; i <= max + more; i++)
			feed(SEQ0 + i * piece, r + i * piece, piece);
		feed(SEQ0, r, piece);
		/* the first one, which is the oldest, was pushed out by one too many */
		assert_int_equal(more ? piece : (max + 1) * piece, waits_at() - SEQ0);
	}
}

/* Of a larger segment its first 256 bytes: a header that ends there is read, one behind it is not.
 */
static void first_bytes(void **state)
{
	uint32_t kept_bytes = 256, body;
	uint8_t r[1024];
	size_t first, n, header = RZ_KAFKA_FIXED + strlen(ID);

	(void)state;
	for (body = 0; body < 400; body += 7) {
		first = make_request(r, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), (int)body);
		n = first + make_request(r + first, RZ_API_FETCH, 4, 2, ID, (int)strlen(ID), 30);
		no_tcp_yet();
		feed(SEQ0 + 1, r + 1, n - 1);
		feed(SEQ0, r, 1);
		assert_id(ID);
		if (first > kept_bytes + 1)
			assert_int_equal(1, conn().frame.requests);
		if (n <= kept_bytes + 1)
			assert_int_equal(2, conn().frame.requests);
		/* the second header was not whole: it is waited for, and what TCP has is missed */
		if (first < kept_bytes && first + header > kept_bytes + 1)
			assert_int_equal(kept_bytes + 1, waits_at() - SEQ0);
	}
}

/* A damaged copy of a request comes early, and its true bytes in a larger segment, of which only
 * the first bytes are kept: which of the two TCP has taken is not known either. */
static void in_doubt_behind_first_bytes(void **state)
{
	uint8_t r[1024], bad[128];
	size_t first = make_request(r, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), 400);
	size_t n = make_request(r + first, RZ_API_FETCH, 4, 2, ID, (int)strlen(ID), 30);
	int bad_first;

	(void)state;
	memcpy(bad, r + first, n);
	bad[2] ^= 1; /* in its size */
	for (bad_first = 0; bad_first <= 1; bad_first++) {
		no_tcp_yet();
		if (bad_first)
			feed(SEQ0 + first, bad, n);
		feed(SEQ0 + 10, r + 10, first - 10 + n);
		if (!bad_first)
			feed(SEQ0 + first, bad, n);
		feed(SEQ0, r, 10);
		assert_int_equal(SEQ0 + first, waits_at());
		skel->bss->rz_test_rcv_nxt = SEQ0 + first + n;
		feed(SEQ0 + first + n, r + first, n); /* TCP has what was not read: found anew */
		assert_int_equal(SEQ0 + first + n + n, waits_at());
		assert_int_equal(RZ_UNSEEN_REQUESTS - 1, conn().frame.unseen);
	}
}

/* Both of a slot: what the one waits for is not the other's. */
static void strangers(void **state)
{
	uint8_t r[512], bad[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 1, ID, (int)strlen(ID), 30);
	static uint64_t value[2048];
	uint32_t slot = 1;

	(void)state;
	memset(bad, 'x', sizeof(bad));
	no_tcp_yet();
	feed(SEQ0 + 4, bad, n - 4);
	assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.early), &slot, value));
	value[2] = 257; /* the first piece's cookie */
	assert_int_equal(0, bpf_map_update_elem(bpf_map__fd(skel->maps.early), &slot, value, 0));
	feed(SEQ0, r, 4);
	assert_int_equal(4, conn().frame.have);
	feed(SEQ0 + 4, r + 4, n - 4);
	assert_id(ID);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order),	   cmocka_unit_test(damaged),
		cmocka_unit_test(in_doubt),	   cmocka_unit_test(erased_when_settled),
		cmocka_unit_test(out_of_window),   cmocka_unit_test(erased),
		cmocka_unit_test(erased_at_close), cmocka_unit_test(spoiled),
		cmocka_unit_test(overflow),	   cmocka_unit_test(first_bytes),
		cmocka_unit_test(strangers),	   cmocka_unit_test(in_doubt_behind_first_bytes),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "early, IPv6" : "early, IPv4", tests, setup,
					   teardown);
}
