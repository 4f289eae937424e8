// SPDX-License-Identifier: Apache-2.0
/*
 * The framing stage in the kernel, fed by BPF_PROG_TEST_RUN: what is read from which segments of a
 * connection that was seen from its first byte. Run by `make bpf-test`; needs root and a kernel
 * with BPF.
 */
#include "fixture.h"

static void whole_request(void **state)
{
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30);
	struct rz_conn c;

	(void)state;
	open_conn();
	feed(SEQ0, r, n);
	c = conn();
	assert_id(ID);
	assert_int_equal(RZ_STATE_DATA, c.frame.state);
	assert_int_equal(SEQ0 + n, c.frame.next_seq);
	assert_int_equal(1, c.frame.requests);
	assert_int_equal(7, c.frame.correlation_id);
	assert_int_equal(1, c.frame.fetch);
	assert_int_equal(0, c.frame.produce);
}

/* Every split of a first request into two segments, at every byte, with a second one behind it. */
static void every_split(void **state)
{
	uint8_t r[1024];
	size_t first = make_request(r, RZ_API_API_VERSIONS, 3, 1, ID, strlen(ID), 20);
	size_t all = first + make_request(r + first, RZ_API_PRODUCE, 3, 2, ID, strlen(ID), 40);
	size_t at;

	(void)state;
	for (at = 1; at < all; at++) {
		struct rz_conn c;

		forget_clients();
		open_conn();
		feed(SEQ0, r, at);
		feed(SEQ0 + at, r + at, all - at);
		c = conn();
		assert_id(ID);
		assert_int_equal(2, c.frame.requests);
		assert_int_equal(RZ_STATE_DATA, c.frame.state);
		assert_int_equal(SEQ0 + all, c.frame.next_seq);
		assert_int_equal(0, c.frame.have);
	}
}

static void single_bytes(void **state)
{
	uint8_t r[1024];
	size_t all = make_request(r, RZ_API_API_VERSIONS, 3, 1, ID, strlen(ID), 5), i;
	struct rz_conn c;

	(void)state;
	all += make_request(r + all, RZ_API_FETCH, 3, 2, ID, strlen(ID), 6);
	forget_clients();
	open_conn();
	for (i = 0; i < all; i++)
		feed(SEQ0 + i, r + i, 1);
	c = conn();
	assert_id(ID);
	assert_int_equal(2, c.frame.requests);
	assert_int_equal(SEQ0 + all, c.frame.next_seq);
}

static void many_in_one_segment(void **state)
{
	uint8_t r[3500];
	size_t n = 0;
	struct rz_conn c;
	int i;

	(void)state;
	open_conn();
	for (i = 0; i < 200; i++)
		n += make_request(r + n, RZ_API_FETCH, 4, i, "x", 1, 1);
	feed(SEQ0, r, n);
	c = conn();
	assert_int_equal(200, c.frame.requests);
	assert_int_equal(199, c.frame.correlation_id);
	assert_int_equal(SEQ0 + n, c.frame.next_seq);
}

/* Sequence numbers wrap inside the header, and in the middle of the body. */
static void wrap_around(void **state)
{
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30), back;

	(void)state;
	for (back = 1; back < n; back++) {
		uint32_t seq = 0u - (uint32_t)back;
		struct rz_conn c;

		open_conn_at(seq, false);
		feed(seq, r, 20);
		feed(seq + 20, r + 20, n - 20);
		feed(seq + n, r, n);
		c = conn();
		assert_int_equal(2, c.frame.requests);
		assert_int_equal((uint32_t)(seq + 2 * n), c.frame.next_seq);
	}
}

static void repeated_segments_count_once(void **state)
{
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30);
	struct rz_conn c;

	(void)state;
	open_conn();
	feed(SEQ0, r, n);
	feed(SEQ0, r, n);
	feed(SEQ0 + n, r, n);
	feed(SEQ0 + 10, r + 10, n - 10);
	c = conn();
	assert_int_equal(2, c.frame.requests);
	assert_int_equal(SEQ0 + 2 * n, c.frame.next_seq);
}

/* The bytes of a split header are kept for as long as the frame may go back to before it was whole,
 * and no longer. */
static void split_header_leaves_nothing(void **state)
{
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30), i;

	(void)state;
	open_conn();
	feed(SEQ0, r, 9);
	assert_int_equal(1, pieces_kept());
	feed(SEQ0 + 9, r + 9, n - 9);
	assert_int_equal(1, conn().frame.requests);
	for (i = 1; i < 40 && pieces_kept(); i++)
		feed(SEQ0 + i * n, r, n);
	assert_int_equal(0, pieces_kept());
	assert_true(i < 20);
}

static const struct {
	const char *bytes;
	enum rz_state state;
} strangers[] = {
	{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", RZ_STATE_NOT_KAFKA},
	{"SSH-2.0-OpenSSH_9.2\r\n", RZ_STATE_NOT_KAFKA},
	{"*1\r\n$4\r\nPING\r\n....", RZ_STATE_NOT_KAFKA},
	{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03zzzzz", RZ_STATE_TLS},
};

static void not_kafka(void **state)
{
	uint8_t zeros[64] = {};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		open_conn();
		feed(SEQ0, strangers[i].bytes, 16); /* one of them has a NUL inside */
		assert_int_equal(strangers[i].state, conn().frame.state);
		assert_int_equal(0, conn().frame.client);
	}
	open_conn();
	feed(SEQ0, zeros, sizeof(zeros));
	assert_int_equal(RZ_STATE_NOT_KAFKA, conn().frame.state);
}

/* Lengths that lie: negative, huge, one too short for the client.id, below the minimum. */
static void lying_lengths(void **state)
{
	static const int32_t sizes[] = {-1, 0, 9, 0x7fffffff, (1 << 30) + 1, INT32_MIN};
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 0), i;

	(void)state;
	for (i = 0; i <= sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (i < sizeof(sizes) / sizeof(sizes[0]))
			put32(r, sizes[i]);
		else
			put32(r, n - 4 - 1); /* one byte less than the client.id needs */
		open_conn();
		feed(SEQ0, r, n);
		assert_int_equal(RZ_STATE_NOT_KAFKA, conn().frame.state);
		assert_int_equal(0, conn().frame.client);
	}
}

/* SaslHandshake v0 is followed by bare tokens behind a size. */
static void sasl_v0_tokens(void **state)
{
	uint8_t r[1024];
	size_t n = make_request(r, RZ_API_SASL_HANDSHAKE, 0, 1, ID, strlen(ID), 7);
	struct rz_conn c;

	(void)state;
	put32(r + n, 20);
	memset(r + n + 4, 'x', 20);
	n += 24;
	n += make_request(r + n, RZ_API_FETCH, 4, 3, ID, strlen(ID), 9);
	open_conn();
	feed(SEQ0, r, n);
	c = conn();
	assert_int_equal(RZ_STATE_DATA, c.frame.state);
	assert_int_equal(2, c.frame.requests);
	assert_int_equal(SEQ0 + n, c.frame.next_seq);
	assert_int_equal(1, c.frame.sasl);
}

static const struct {
	int key;
	size_t offset;
} kinds[] = {
	{RZ_API_PRODUCE, offsetof(struct rz_frame, produce)},
	{RZ_API_FETCH, offsetof(struct rz_frame, fetch)},
	{RZ_API_METADATA, offsetof(struct rz_frame, metadata)},
	{RZ_API_LIST_OFFSETS, offsetof(struct rz_frame, metadata)},
	{RZ_API_FIND_COORDINATOR, offsetof(struct rz_frame, metadata)},
	{RZ_API_OFFSET_COMMIT, offsetof(struct rz_frame, coordinator)},
	{RZ_API_OFFSET_FETCH, offsetof(struct rz_frame, coordinator)},
	{RZ_API_JOIN_GROUP, offsetof(struct rz_frame, coordinator)},
	{RZ_API_HEARTBEAT, offsetof(struct rz_frame, coordinator)},
	{RZ_API_LEAVE_GROUP, offsetof(struct rz_frame, coordinator)},
	{RZ_API_SYNC_GROUP, offsetof(struct rz_frame, coordinator)},
	{RZ_API_CONSUMER_GROUP_HEARTBEAT, offsetof(struct rz_frame, coordinator)},
	{RZ_API_SHARE_GROUP_HEARTBEAT, offsetof(struct rz_frame, coordinator)},
	{RZ_API_ADD_PARTITIONS_TO_TXN, offsetof(struct rz_frame, transaction)},
	{RZ_API_END_TXN, offsetof(struct rz_frame, transaction)},
	{RZ_API_TXN_OFFSET_COMMIT, offsetof(struct rz_frame, transaction)},
	{RZ_API_SASL_AUTHENTICATE, offsetof(struct rz_frame, sasl)},
	{22 /* InitProducerId: idempotent producers send it too */,
	 offsetof(struct rz_frame, other)},
};

/* It is all that tells kafkajs from kafka-go. */
static void latest_data_request_says_its_version(void **state)
{
	static const struct {
		int key, version, kept;
	} rows[] = {{RZ_API_FETCH, 11, 11},
		    {RZ_API_METADATA, 5, 11},
		    {RZ_API_FETCH, 4, 4},
		    {RZ_API_PRODUCE, 7, 7},
		    {RZ_API_FETCH, 11, 7}};
	uint32_t seq = SEQ0;
	uint8_t r[256];
	size_t i;

	(void)state;
	open_conn();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = make_request(r, rows[i].key, rows[i].version, 7 + i, "c", 1, 3);

		feed(seq, r, n);
		seq += n;
		assert_int_equal(rows[i].kept, conn().frame.data_version);
	}
}

static void each_kind_sets_its_mark_alone(void **state)
{
	uint8_t r[256];
	size_t i, at;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct rz_conn c;

		open_conn();
		feed(SEQ0, r, make_request(r, kinds[i].key, 1, 7, "c", 1, 3));
		c = conn();
		for (at = offsetof(struct rz_frame, produce);
		     at <= offsetof(struct rz_frame, other); at++)
			assert_int_equal(at == kinds[i].offset, ((uint8_t *)&c.frame)[at]);
	}
}

/* A request of 100 MB: no segment inside it is looked at, the next header is where it should be. */
static void huge_request(void **state)
{
	uint8_t r[2048];
	size_t n = make_request(r, RZ_API_PRODUCE, 3, 7, ID, strlen(ID), 1000);
	uint32_t body = 100 << 20;
	struct rz_conn c;

	(void)state;
	put32(r, body);
	open_conn();
	feed(SEQ0, r, n);
	feed(SEQ0 + n, r, n); /* looks like a header, but lies inside the body */
	feed(SEQ0 + n + 50000000, r, n);
	c = conn();
	assert_int_equal(1, c.frame.requests);
	assert_int_equal(SEQ0 + 4 + body, c.frame.next_seq);
	feed(SEQ0 + 4 + body, r, n);
	assert_int_equal(2, conn().frame.requests);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_request),
		cmocka_unit_test(every_split),
		cmocka_unit_test(single_bytes),
		cmocka_unit_test(many_in_one_segment),
		cmocka_unit_test(wrap_around),
		cmocka_unit_test(repeated_segments_count_once),
		cmocka_unit_test(split_header_leaves_nothing),
		cmocka_unit_test(not_kafka),
		cmocka_unit_test(lying_lengths),
		cmocka_unit_test(sasl_v0_tokens),
		cmocka_unit_test(latest_data_request_says_its_version),
		cmocka_unit_test(each_kind_sets_its_mark_alone),
		cmocka_unit_test(huge_request),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "frame, IPv6" : "frame, IPv4", tests, setup,
					   teardown);
}
