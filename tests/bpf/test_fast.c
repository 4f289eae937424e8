// SPDX-License-Identifier: Apache-2.0
/*
 * The fast path (bpf/fast.bpf.h) in the kernel: it takes what it is for, comes to the same as the
 * long way, and loses nothing where two CPUs are at work on one connection.
 *
 * Comes in: segments by BPF_PROG_TEST_RUN. Run by `make bpf-test`; needs root and a kernel with
 * BPF.
 */
#include "fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#define REQUESTS 20000
#define LEAD	 6 /* segments that one CPU may be in front of the other: 32 are kept */

static const char acks1[] = "\xff\xff\xff\xff\0\0\0";
static const char acks0[] = "\xff\xff\0\0\0\0\0";

static size_t request(uint8_t *p, int key, int version, uint32_t nr, const char *id,
		      const char *body)
{
	size_t n = make_request(p, key, version, nr, id, (int)strlen(id), 7);

	memcpy(p + n - 7, body, 7);
	return n;
}

/* As user space does once it has read the id. */
static void settle(void)
{
	struct rz_client client = {.opt_in = 1, .zone = "us-east-1a"};
	struct rz_conn c = conn();

	assert_int_equal(0, bpf_map_update_elem(bpf_map__fd(skel->maps.clients), &c.frame.client,
						&client, BPF_ANY));
}

/* A connection that does what a steady client does, up to where the fast path begins. */
static uint32_t steady(const char *body)
{
	uint32_t seq = SEQ0, i;
	uint8_t r[256];
	size_t n;

	open_conn();
	for (i = 0; i < RZ_REQUESTS_FIRST + 1; i++, seq += n) {
		n = request(r, i % 2 ? RZ_API_PRODUCE : RZ_API_FETCH, i % 2 ? 7 : 4, i, ID, body);
		feed(seq, r, n);
		if (!i)
			settle();
	}
	n = request(r, RZ_API_PRODUCE, 7, i, ID, body); /* its version is the one that is kept */
	feed(seq, r, n);
	return seq + n;
}

static uint32_t took(void)
{
	return skel->bss->rz_test_fast;
}

/* Skips where the kernel is too old for it. */
static void skip_without(void)
{
	uint8_t r[256];

	feed(steady(acks1), r, request(r, RZ_API_PRODUCE, 7, 99, ID, acks1));
	if (!skel->bss->rz_test_has_fast) {
		printf("the kernel has no fast path (Linux 5.12)\n");
		skip();
	}
}

/* A stream of which every request is of another kind, or another client's: both ways come to the
 * same, to the last byte but for times. */
static void same_as_the_long_way(void **state)
{
	static const struct {
		int key, version;
		const char *id, *body;
	} kinds[] = {
		{RZ_API_PRODUCE, 7, ID, acks1}, {RZ_API_FETCH, 4, ID, acks1},
		{RZ_API_PRODUCE, 7, ID, acks1}, {RZ_API_PRODUCE, 8, ID, acks1},
		{RZ_API_PRODUCE, 8, ID, acks1}, {RZ_API_METADATA, 4, ID, acks1},
		{RZ_API_PRODUCE, 8, ID, acks0}, {RZ_API_PRODUCE, 8, ID, acks1},
	};
	struct rz_conn ways[2];
	uint32_t slow, i, k, before = 0;
	uint8_t r[256];

	(void)state;
	skip_without();
	for (k = 0; k < 2 * 8; k++) {
		for (slow = 0; slow < 2; slow++) {
			uint32_t seq;

			skel->bss->rz_test_slow = slow;
			seq = steady(k < 8 ? acks1 : acks0);
			before = took();
			for (i = 0; i < 200; i++) {
				size_t at = i % 16 == 15 ? k % 8 : 0, n;

				n = request(r, kinds[at].key, kinds[at].version, i, kinds[at].id,
					    kinds[at].body);
				feed(seq, r, n);
				seq += n;
			}
			assert_true(slow ? took() == before : took() > before + 50);
			ways[slow] = conn();
			ways[slow].last_request_ns = ways[slow].opened_ns = 0;
			ways[slow].data_cs = ways[slow].metadata_cs = 0;
		}
		assert_memory_equal(&ways[0], &ways[1], sizeof(ways[0]));
		assert_true(ways[0].frame.requests == RZ_REQUESTS_FIRST + 2 + 200);
	}
	skel->bss->rz_test_slow = 0;
}

/* Another client.id of the same length is found within a few requests, as on the long way. */
static void another_client(void **state)
{
	char id[] = ID;
	uint32_t seq, i;
	uint8_t r[256];
	size_t n;

	(void)state;
	skip_without();
	seq = steady(acks1);
	id[0] ^= 1;
	for (i = 0; i < 40; i++, seq += n) {
		n = request(r, RZ_API_PRODUCE, 7, i, id, acks1);
		feed(seq, r, n);
	}
	assert_true(conn().frame.several);
}

/* One CPU's share of the stream: every other request. */
struct sender {
	pthread_t thread;
	uint32_t nr, seq, len, cpu, dropped;
	bool failed;
};
static atomic_uint sent[2];

static void *send_half(void *arg)
{
	struct sender *s = arg;
	uint8_t packet[1024], r[256];
	cpu_set_t set;
	uint32_t i;

	CPU_ZERO(&set);
	CPU_SET(s->cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	for (i = s->nr; i < REQUESTS; i += 2) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);
		size_t n = request(r, RZ_API_PRODUCE, 7, i, ID, acks1);

		while (i > atomic_load(&sent[!s->nr]) + LEAD)
			sched_yield();
		opts.data_size_in = make_packet(packet, v6, s->seq + i * s->len, r, n);
		do /* what is dropped is sent again */
			s->failed |= bpf_prog_test_run_opts(
					     bpf_program__fd(skel->progs.test_segment), &opts) != 0;
		while (!s->failed && !opts.retval && ++s->dropped);
		atomic_store(&sent[s->nr], i);
	}
	atomic_store(&sent[s->nr], REQUESTS * 2);
	return NULL;
}

/* Which segment comes first is chance. One that comes early is kept, one that loses the frame to
 * the other CPU is read again, and one that loses each try is dropped and sent again: none is lost,
 * and none counted twice. */
static void two_cpus(void **state)
{
	struct sender senders[2] = {};
	uint32_t seq, i, before, requests;
	uint64_t races = STAT(races);
	struct rz_conn c;
	uint8_t r[256];

	(void)state;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("one CPU\n");
		skip();
	}
	skip_without();
	seq = steady(acks1);
	skel->bss->rz_test_has_tcp = 1; /* which has taken nothing yet */
	skel->bss->rz_test_rcv_nxt = seq;
	skel->data->rz_test_rcv_wnd = 1 << 30;
	requests = conn().frame.requests;
	before = took();
	for (i = 0; i < 2; i++) {
		atomic_store(&sent[i], 0);
		senders[i] = (struct sender){.nr = i, .seq = seq, .cpu = i};
		senders[i].len = (uint32_t)request(r, RZ_API_PRODUCE, 7, 0, ID, acks1);
	}
	for (i = 0; i < 2; i++)
		assert_int_equal(0,
				 pthread_create(&senders[i].thread, NULL, send_half, &senders[i]));
	for (i = 0; i < 2; i++)
		pthread_join(senders[i].thread, NULL);
	skel->bss->rz_test_has_tcp = 0;
	assert_false(senders[0].failed || senders[1].failed);
	c = conn();
	assert_true(c.frame.synced);
	assert_int_equal(requests + REQUESTS, c.frame.requests);
	assert_int_equal(seq + REQUESTS * senders[0].len, c.frame.next_seq);
	assert_true(senders[0].dropped + senders[1].dropped <= STAT(races) - races);
	printf("two CPUs: %u of %u requests by the fast path, %u segments dropped\n",
	       took() - before, REQUESTS, senders[0].dropped + senders[1].dropped);
	assert_true(took() > before);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_the_long_way),
		cmocka_unit_test(another_client),
		cmocka_unit_test(two_cpus),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "fast, IPv6" : "fast, IPv4", tests, setup,
					   teardown);
}
