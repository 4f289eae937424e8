// SPDX-License-Identifier: Apache-2.0
/*
 * The framing stage where it does not know, or no longer knows, where a request begins: older
 * connections, lost frames, stray ones. Run by `make bpf-test`.
 */
#include "fixture.h"

/* A segment is missing: the place is lost, said so, and found again where the same client speaks.
 */
static void lost_and_found(void **state)
{
	uint8_t r[512], other[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30);
	size_t m = make_request(other, RZ_API_FETCH, 4, 8, "someone else", 12, 30);
	struct rz_conn c;

	(void)state;
	open_conn();
	feed(SEQ0, r, n);
	feed(SEQ0 + n + 100, r + 20, n - 20); /* 100 bytes never came, and this is in mid-request */
	c = conn();
	assert_int_equal(RZ_STATE_DESYNCED, c.frame.state);
	assert_int_equal(0, c.frame.synced);
	feed(SEQ0 + 1000, other, m);
	assert_int_equal(RZ_STATE_DESYNCED, conn().frame.state);
	feed(SEQ0 + 2000, r, n);
	c = conn();
	assert_int_equal(RZ_STATE_DATA, c.frame.state);
	assert_int_equal(SEQ0 + 2000 + n, c.frame.next_seq);
	assert_id(ID);
}

/* What passes unseen while the place is lost may be a request that waits for its answer: until 64
 * more were read. Not so what passed while the program was not attached, nor before rezone. */
static void passed_unseen(void **state)
{
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30);
	uint32_t at = SEQ0 + n + 100, i;
	struct rz_conn c;

	(void)state;
	open_conn();
	feed(SEQ0, r, n);
	c = conn();
	assert_false(rz_responses_matter(&c.frame));
	for (i = 0; i < RZ_UNSEEN_REQUESTS; i++, at += n) {
		feed(at, r, n);
		c = conn();
		assert_int_equal(i + 2, c.frame.requests);
		assert_int_equal(RZ_UNSEEN_REQUESTS - 1 - i, c.frame.unseen);
	}
	assert_false(rz_responses_matter(&c.frame));
	feed(at + 100, r, n);
	assert_int_equal(RZ_UNSEEN_REQUESTS - 1, conn().frame.unseen);

	open_conn();
	skel->bss->rz_attached_ns = UINT64_MAX;
	feed(SEQ0 + 100, r, n);
	skel->bss->rz_attached_ns = 0;
	c = conn();
	assert_int_equal(RZ_STATE_DATA, c.frame.state);
	assert_int_equal(1, c.frame.adopted);
	assert_false(rz_responses_matter(&c.frame));

	open_conn();
	feed(SEQ0 + 100, r, n); /* the beginning itself */
	assert_int_equal(RZ_UNSEEN_REQUESTS - 1, conn().frame.unseen);
}

/* Found in mid-stream: a request that ends with its segment is believed at once. */
static void adopted(void **state)
{
	uint8_t r[512], noise[100];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30);
	struct rz_conn c;

	(void)state;
	memset(noise, 0xab, sizeof(noise));
	open_conn_at(0, true);
	feed(SEQ0, noise, sizeof(noise));
	assert_int_equal(RZ_STATE_NEW, conn().frame.state);
	feed(SEQ0 + 100, r, n);
	c = conn();
	assert_int_equal(0, c.frame.tentative);
	assert_int_equal(1, c.frame.adopted);
	assert_int_equal(RZ_STATE_DATA, c.frame.state);
	assert_id(ID);
}

/* Found in mid-stream where the client writes each request's size alone; and a size that lies. */
static void adopted_in_two(void **state)
{
	uint8_t r[512], four[4] = {0, 0, 0, 77};
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30);
	struct rz_conn c;

	(void)state;
	open_conn_at(0, true);
	feed(SEQ0, four, 4);
	feed(SEQ0 + 4, r, n); /* not what the four bytes belong to; the 77 names another end */
	assert_int_equal(RZ_STATE_NEW, conn().frame.state);
	feed(SEQ0 + 4 + n, r, 4);
	feed(SEQ0 + 8 + n, r + 4, n - 4);
	c = conn();
	assert_int_equal(0, c.frame.tentative);
	assert_int_equal(RZ_STATE_DATA, c.frame.state);
	assert_int_equal(SEQ0 + 4 + 2 * n, c.frame.next_seq);
	assert_id(ID);
}

/* One that goes on is a guess; the second header at the place it named is proof. */
static void adopted_in_doubt(void **state)
{
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_PRODUCE, 4, 7, ID, strlen(ID), 30);
	struct rz_conn c;

	(void)state;
	open_conn_at(0, true);
	feed(SEQ0, r, n - 10);
	assert_int_equal(1, conn().frame.tentative);
	feed(SEQ0 + n - 10, r + n - 10, 10);
	assert_int_equal(1, conn().frame.tentative);
	feed(SEQ0 + n, r, n);
	c = conn();
	assert_int_equal(0, c.frame.tentative);
	assert_int_equal(2, c.frame.requests);
	assert_id(ID);
}

static void adopted_guess_was_wrong(void **state)
{
	uint8_t r[512], noise[100];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30);
	uint64_t requests = STAT(requests);
	struct rz_conn c;

	(void)state;
	memset(noise, 0xab, sizeof(noise));
	open_conn_at(0, true);
	feed(SEQ0, r, n - 10);
	feed(SEQ0 + n - 10, noise, sizeof(noise));
	c = conn();
	assert_int_equal(requests + 1, STAT(requests)); /* none less by what is forgotten */
	assert_int_equal(0, c.frame.client);
	assert_int_equal(0, c.frame.synced);
	assert_int_equal(RZ_STATE_NEW, c.frame.state);
	/* it leaves no trace: neither a kind nor a count that would make the next guess believed */
	assert_int_equal(0, c.frame.fetch);
	assert_int_equal(0, c.frame.requests);
	feed(SEQ0 + n + 90, r, n - 10);
	assert_int_equal(1, conn().frame.tentative);
}

/* A record of TLS with `n` bytes in it. */
static size_t make_record(uint8_t *p, size_t n)
{
	memset(p, 0xab, RZ_TLS_RECORD_HEAD + n);
	memcpy(p, "\x17\x03\x03", 3);
	put16(p + 3, (uint16_t)n);
	return RZ_TLS_RECORD_HEAD + n;
}

/* Found in mid-stream, TLS is known by a record that ends with its segment, or has another one
 * behind it; not by one that goes on, nor by what only begins as one. */
static void adopted_tls(void **state)
{
	uint8_t r[512];
	size_t n, m;

	(void)state;
	n = make_record(r, 60);
	open_conn_at(0, true);
	feed(SEQ0, r + 3, n - 3);
	assert_int_equal(RZ_STATE_NEW, conn().frame.state);
	feed(SEQ0 + n - 3, r, n - 1);
	assert_int_equal(RZ_STATE_NEW, conn().frame.state);
	feed(SEQ0 + 2 * n - 4, r, n);
	assert_int_equal(RZ_STATE_TLS, conn().frame.state);
	assert_int_equal(RZ_PROTOCOL_TLS, conn().frame.protocol);

	m = make_record(r + n, 100);
	open_conn_at(0, true);
	feed(SEQ0, r, n + 4); /* of the second one's head a byte is missing */
	assert_int_equal(RZ_STATE_NEW, conn().frame.state);
	feed(SEQ0 + n + 4, r, n + m - 20);
	assert_int_equal(RZ_STATE_TLS, conn().frame.state);

	r[n] = 0x18;
	open_conn_at(0, true);
	feed(SEQ0, r, n + m);
	assert_int_equal(RZ_STATE_NEW, conn().frame.state);
}

/* A client that is known is not taken for TLS, whatever its records look like. */
static void known_client_is_no_tls(void **state)
{
	uint8_t r[512], tls[200];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30),
	       m = make_record(tls, 60);

	(void)state;
	open_conn();
	feed(SEQ0, r, n);
	feed(SEQ0 + n + 100, tls, m);
	assert_int_equal(RZ_STATE_DESYNCED, conn().frame.state);
	feed(SEQ0 + n + 100 + m, tls, m);
	assert_int_equal(RZ_STATE_DESYNCED, conn().frame.state);
	feed(SEQ0 + n + 100 + 2 * m, r, n);
	assert_int_equal(RZ_STATE_DATA, conn().frame.state);
}

/* A frame that strayed into another connection's entry is void: nothing is read by it. That lasts,
 * so no segment is dropped for it. */
static void frame_of_another(void **state)
{
	uint64_t cookie = 1;
	struct rz_conn c;
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30);

	(void)state;
	open_conn();
	c = conn();
	c.frame.owner = 2;
	bpf_map_update_elem(bpf_map__fd(skel->maps.conns), &cookie, &c, BPF_ANY);
	feed(SEQ0, r, n);
	assert_int_equal(0, conn().frame.client);
}

/* Bare SASL tokens are believed up to the first request behind them; then what is no header is a
 * lost frame again, not one more token. */
static void tokens_end_with_a_request(void **state)
{
	static const uint8_t token[] = {0, 0, 0, 8, 'n', ',', ',', 'n', '=', 'u', 's', 'r'};
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_SASL_HANDSHAKE, 0, 1, ID, strlen(ID), 7);

	(void)state;
	open_conn();
	memcpy(r + n, token, sizeof(token));
	n += sizeof(token);
	n += make_request(r + n, RZ_API_FETCH, 4, 2, ID, strlen(ID), 30);
	feed(SEQ0, r, n);
	assert_int_equal(2, conn().frame.requests);
	assert_int_equal(SEQ0 + n, conn().frame.next_seq);
	feed(SEQ0 + n, token, sizeof(token));
	feed(SEQ0 + n + sizeof(token), r, 20);
	assert_int_equal(RZ_STATE_DESYNCED, conn().frame.state);
	assert_int_equal(0, conn().frame.synced);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_and_found),   cmocka_unit_test(passed_unseen),
		cmocka_unit_test(adopted),	    cmocka_unit_test(adopted_in_two),
		cmocka_unit_test(adopted_in_doubt), cmocka_unit_test(adopted_guess_was_wrong),
		cmocka_unit_test(adopted_tls),	    cmocka_unit_test(known_client_is_no_tls),
		cmocka_unit_test(frame_of_another), cmocka_unit_test(tokens_end_with_a_request),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "midstream, IPv6" : "midstream, IPv4", tests, setup,
					   teardown);
}
