// SPDX-License-Identifier: Apache-2.0
/*
 * The fast path (bpf/fast.bpf.h) in the kernel: it takes what it is for, comes to the same as the
 * long way, and loses nothing where two CPUs are at work on one connection.
 *
 * Comes in: segments by BPF_PROG_TEST_RUN. Run by `make bpf-test`; needs root and a kernel with
 * BPF.
 */
#include "fixture.h"
#include "kern/conn.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define REQUESTS 20000
#define SECONDS	 3	 /* ... or as many as are sent in these, on a busy machine */
#define MORE	 100	 /* and in these until the two CPUs have met: chance decides when */
#define AT_MOST	 8000000 /* their bytes are fewer than the window's */
#define LEAD	 6	 /* segments that one CPU may be in front of the other: 32 are kept */

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

/* One CPU's share of the stream: every other request, or all of them. */
struct sender {
	pthread_t thread;
	uint32_t nr, step, lead, seq, len;
	bool (*has_met)(void);
	uint32_t dropped;
	bool failed;
};
static atomic_uint sent[2], ends; /* the latest request of each; how many are sent by both */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Both end at the same request. */
static void end_soon(uint32_t at)
{
	uint32_t most = AT_MOST;

	atomic_compare_exchange_strong(&ends, &most, at);
}

/* The other CPU, if it runs, goes on at once, too: so they meet. */
static void wait_for(const atomic_uint *other, uint32_t at, uint32_t lead)
{
	uint32_t turns;

	for (turns = 1; at > atomic_load(other) + lead; turns++)
		if (turns % 4096 == 0)
			sched_yield();
}

static void *send_share(void *arg)
{
	struct sender *s = arg;
	uint8_t packet[1024], r[256];
	double until = seconds() + SECONDS;
	cpu_set_t set;
	uint32_t i;

	CPU_ZERO(&set);
	CPU_SET(s->nr, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	for (i = s->step == 2 ? s->nr : 0; i < atomic_load(&ends); i += s->step) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);
		size_t n = request(r, RZ_API_PRODUCE, 7, i, ID, acks1);

		wait_for(&sent[!s->nr], i, s->lead);
		opts.data_size_in = make_packet(packet, v6, s->seq + i * s->len, r, n);
		do /* what is dropped is sent again */
			s->failed |= bpf_prog_test_run_opts(
					     bpf_program__fd(skel->progs.test_segment), &opts) != 0;
		while (!s->failed && !opts.retval && ++s->dropped);
		atomic_store(&sent[s->nr], i);
		if ((i >= REQUESTS || seconds() > until) && i < AT_MOST - 2 * LEAD &&
		    (s->has_met() || seconds() > until + MORE))
			end_soon(i + LEAD + 2);
	}
	atomic_store(&sent[s->nr], AT_MOST * 2);
	return NULL;
}

/* Reads the entry as user space does where it compares its fields (kern/conn.h), and as a tick
 * does. Whole: all requests are of one length, and end with their segments. */
struct reader {
	pthread_t thread;
	uint32_t seq, requests, len;
	uint32_t whole, torn, doubted;
};
static atomic_bool reading;
static atomic_uint torn_singly;

static bool is_whole(const struct reader *r, const struct rz_frame *f)
{
	return f->next_seq == r->seq + (f->requests - r->requests) * r->len &&
	       f->read_end == f->next_seq;
}

static void *read_on(void *arg)
{
	int fd = bpf_map__fd(skel->maps.conns);
	struct reader *r = arg;
	uint64_t cookie = 1;
	struct rz_conn c;

	while (atomic_load(&reading)) {
		if (!rz_conn_read(fd, cookie, &c)) {
			r->doubted += c.claim != 0;
			r->whole += !c.claim && is_whole(r, &c.frame);
			r->torn += !c.claim && !is_whole(r, &c.frame);
		}
		if (!bpf_map_lookup_elem_flags(fd, &cookie, &c, BPF_F_LOCK))
			torn_singly += !is_whole(r, &c.frame);
	}
	return NULL;
}

/* The connection before and after two CPUs were at it, and all that was read meanwhile. */
static struct met {
	struct rz_conn before, after;
	struct reader reader;
	uint32_t requests, fast;
	uint64_t races, lost, claims, counted;
	bool met;
} met;

static bool met_or_not(void)
{
	return true;
}

/* A segment did not get the claim, and a reader saw half of a change. Where there are no claims,
 * the other CPU waits for the lock. */
static bool met_the_claim(void)
{
	return !skel->rodata->rz_config.claims ||
	       (STAT(races) > met.races && atomic_load(&torn_singly) > 0);
}

/* ... with the bytes that the other CPU was at work on. */
static bool met_the_copy(void)
{
	return !skel->rodata->rz_config.claims || STAT(races) > met.races;
}

static void send_by_two(bool (*has_met)(void), uint32_t turns, uint32_t step, uint32_t lead)
{
	struct met *m = &met;
	struct sender senders[2] = {};
	uint32_t seq, i, len;
	uint8_t r[256] = {};

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("one CPU\n");
		skip();
	}
	skip_without();
	seq = steady(acks1);
	len = (uint32_t)request(r, RZ_API_PRODUCE, 7, 0, ID, acks1);
	skel->bss->rz_test_has_tcp = step == 2; /* which has taken nothing yet */
	skel->bss->rz_test_rcv_nxt = seq;
	skel->data->rz_test_rcv_wnd = 1 << 30;
	skel->bss->rz_test_claim_turns = turns;
	*m = (struct met){.before = conn(),
			  .fast = took(),
			  .races = STAT(races),
			  .lost = STAT(frame_lost),
			  .claims = STAT(claims_met),
			  .counted = STAT(fast_requests)};
	m->reader = (struct reader){.seq = seq, .requests = m->before.frame.requests, .len = len};
	atomic_store(&ends, AT_MOST);
	atomic_store(&torn_singly, 0);
	for (i = 0; i < 2; i++) {
		atomic_store(&sent[i], 0);
		senders[i] = (struct sender){.nr = i,
					     .step = step,
					     .lead = lead,
					     .seq = seq,
					     .len = len,
					     .has_met = has_met};
	}
	atomic_store(&reading, step == 2);
	assert_int_equal(0, pthread_create(&m->reader.thread, NULL, read_on, &m->reader));
	for (i = 0; i < 2; i++)
		assert_int_equal(0,
				 pthread_create(&senders[i].thread, NULL, send_share, &senders[i]));
	for (i = 0; i < 2; i++)
		pthread_join(senders[i].thread, NULL);
	atomic_store(&reading, false);
	pthread_join(m->reader.thread, NULL);
	skel->bss->rz_test_claim_turns = 0;
	skel->bss->rz_test_has_tcp = 0;
	m->met = has_met();
	m->after = conn();
	m->requests = atomic_load(&ends);
	m->fast = took() - m->fast;
	m->races = STAT(races) - m->races;
	m->lost = STAT(frame_lost) - m->lost;
	m->claims = STAT(claims_met) - m->claims;
	m->counted = STAT(fast_requests) - m->counted;
	printf("two CPUs: %u requests, %u counted, %u times by the fast path, %llu claims met, "
	       "%u segments dropped, "
	       "%llu frames lost; read whole %u times, torn %u (singly %u), in doubt %u\n",
	       m->requests, m->after.frame.requests - m->before.frame.requests, m->fast,
	       (unsigned long long)m->claims, senders[0].dropped + senders[1].dropped,
	       (unsigned long long)m->lost, m->reader.whole, m->reader.torn, torn_singly,
	       m->reader.doubted);
	assert_false(senders[0].failed || senders[1].failed);
	assert_true(senders[0].dropped + senders[1].dropped <= m->races);
	assert_int_equal(0, m->lost);
	assert_int_equal(0, m->after.claim);
	assert_true(m->fast > 0);
	assert_int_equal(m->fast, m->counted);
}

/* Chance decides the order. A segment that comes early is kept, a segment that loses the frame to
 * the other CPU is read again, and a segment that loses each try is dropped and sent again: none is
 * lost, and none counted twice. */
static void each_other(bool (*has_met)(void), uint32_t turns)
{
	send_by_two(has_met, turns, 2, LEAD);
	assert_true(met.after.frame.synced);
	assert_int_equal(met.before.frame.requests + met.requests, met.after.frame.requests);
	assert_int_equal(met.reader.seq + met.requests * met.reader.len, met.after.frame.next_seq);
	assert_int_equal(0, met.reader.torn);
	assert_true(met.reader.whole > 0);
	assert_true(met.met);
}

static void two_cpus(void **state)
{
	(void)state;
	each_other(met_or_not, 0);
}

/* The claim is had for longer than the other CPU tries. */
static void two_cpus_and_a_claim(void **state)
{
	(void)state;
	each_other(met_the_claim, 4000);
}

/* Both CPUs have every segment. Where they meet one copy is dropped until the other has been read:
 * no request is counted twice, and no place is lost. */
static void two_cpus_and_two_copies(void **state)
{
	(void)state;
	send_by_two(met_the_copy, 4000, 1, 1);
	assert_int_equal(met.before.frame.requests + met.requests, met.after.frame.requests);
	assert_true(met.after.frame.synced);
	assert_true(met.met);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_the_long_way),
		cmocka_unit_test(another_client),
		cmocka_unit_test(two_cpus),
		cmocka_unit_test(two_cpus_and_a_claim),
		cmocka_unit_test(two_cpus_and_two_copies),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "fast, IPv6" : "fast, IPv4", tests, setup,
					   teardown);
}
