// SPDX-License-Identifier: Apache-2.0
/*
 * Segments that come while another task of their CPU has the scratch, as on a PREEMPT_RT kernel
 * (bpf/scratch.bpf.h): they are dropped, nothing of what the other one is at is touched, and they
 * are read when they are sent again. Run by `make bpf-test`.
 *
 * The other task is a program of the test that takes the scratch and gives it back later; but for
 * the last test, whose two tasks meet where the kernel is such a one.
 */
#include "followed.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/utsname.h>
#include <time.h>

#define NONE 0

/* All on one CPU: its scratch is what is taken. */
static int one_cpu_setup(void **state)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	return sched_setaffinity(0, sizeof(one), &one) ? -1 : setup(state);
}

/* Two connections that are known, of which none is followed. */
static int known(void **state)
{
	(void)state;
	forget_pieces();
	skel->bss->rz_following = 0;
	opened(1, 1);
	opened(2, 1);
	assert_int_equal(PASSED, ask(1, RZ_API_FETCH));
	assert_int_equal(PASSED, ask(2, RZ_API_FETCH));
	return 0;
}

/* Another task takes the scratch, at a segment of `cookie`, or it gives it back. */
static bool taken(uint64_t cookie)
{
	skel->bss->rz_test_theirs = cookie;
	return says(skel->progs.test_scratch, 1);
}

static int free_again(void **state)
{
	if (!scratch_is_free())
		taken(NONE);
	return over(state);
}

static void assert_same_frame(const struct rz_conn *was)
{
	struct rz_conn is = conn_of(was->cookie);

	assert_memory_equal(&was->frame, &is.frame, sizeof(was->frame));
}

static void one_at_a_time(void **state)
{
	uint64_t busy = STAT(scratch_busy);

	(void)state;
	assert_true(taken(1));
	assert_false(taken(2));
	assert_int_equal(busy + 1, STAT(scratch_busy));
	taken(NONE);
	assert_true(taken(2));
	taken(NONE);
	assert_true(scratch_is_free());
}

/* Nothing of it is read or kept, and when it comes again it is read. */
static void is_dropped(uint64_t theirs)
{
	struct rz_conn was = conn_of(1);
	uint64_t busy = STAT(scratch_busy), lost = STAT(frame_lost);

	skel->bss->rz_test_slow = 1;
	assert_true(taken(theirs));
	assert_int_equal(DROPPED, ask(1, RZ_API_METADATA));
	assert_int_equal(busy + 1, STAT(scratch_busy));
	assert_same_frame(&was);
	assert_false(kept_early());
	taken(NONE);
	assert_int_equal(PASSED, ask(1, RZ_API_METADATA));
	assert_int_equal(was.frame.requests + 1, conn_of(1).frame.requests);
	assert_int_equal(next_seq[1], conn_of(1).frame.next_seq);
	assert_int_equal(lost, STAT(frame_lost));
}

static void dropped_for_another_connection(void **state)
{
	(void)state;
	is_dropped(2);
}

static void dropped_for_its_own(void **state)
{
	(void)state;
	is_dropped(1);
}

/* A damaged copy was read, and TCP did not take it; the true bytes come while the scratch is taken.
 * They are read before TCP has them. */
static void true_bytes_are_read_first(void **state)
{
	uint8_t bad[512], good[512];
	size_t n = request(good, RZ_API_METADATA);
	uint32_t seq = next_seq[1];

	(void)state;
	memcpy(bad, good, n);
	bad[3]++; /* its size: another place for the next request */
	assert_int_equal(PASSED, send_bytes(1, bad, n));
	next_seq[1] = seq;
	assert_true(taken(2));
	assert_int_equal(DROPPED, send_bytes(1, good, n));
	taken(NONE);
	assert_int_equal(PASSED, send_bytes(1, good, n));
	assert_int_equal(1, conn_of(1).frame.synced);
	assert_int_equal(next_seq[1], conn_of(1).frame.next_seq);
}

/* The segments behind a dropped Produce are dropped without asking. */
static void follows_without_asking(void **state)
{
	(void)state;
	assert_false(is_on(1));
	assert_true(taken(2));
	assert_true(is_on(1));
	taken(NONE);
	assert_false(is_on(1));
}

static void the_fast_path_needs_none(void **state)
{
	struct rz_client client = {.opt_in = 1, .zone = "us-east-1a"};
	struct rz_conn c = conn_of(1);
	uint32_t fast, i;

	(void)state;
	skel->bss->rz_test_slow = 0;
	assert_int_equal(0, bpf_map_update_elem(bpf_map__fd(skel->maps.clients), &c.frame.client,
						&client, BPF_ANY));
	for (i = 0; i < RZ_REQUESTS_FIRST; i++)
		assert_int_equal(PASSED, ask(1, RZ_API_FETCH));
	if (!skel->bss->rz_test_has_fast)
		skip();
	fast = skel->bss->rz_test_fast;
	assert_true(taken(2));
	assert_int_equal(PASSED, ask(1, RZ_API_FETCH));
	assert_int_equal(fast + 1, skel->bss->rz_test_fast);
	assert_int_equal(next_seq[1], conn_of(1).frame.next_seq);
}

static bool opening_is_read(bool *ret_passes)
{
	int fd = bpf_map__fd(skel->maps.openings);
	uint8_t key[64];
	bool read;

	*ret_passes = says(skel->progs.test_opening, 1);
	read = !bpf_map_get_next_key(fd, NULL, key);
	if (read)
		bpf_map_delete_elem(fd, key);
	return read;
}

static void an_opening_is_dropped(void **state)
{
	uint64_t busy = STAT(scratch_busy);
	bool passes;

	(void)state;
	if (!opening_is_read(&passes)) {
		printf("here a program that is run without traffic has no pointer to a packet\n");
		skip();
	}
	assert_true(passes);
	assert_true(taken(2));
	assert_false(opening_is_read(&passes));
	assert_false(passes);
	assert_int_equal(busy + 1, STAT(scratch_busy));
}

/* ---- two tasks ---- */

#define MEETINGS 200 /* so many are enough */
#define TRIES_NS (60 * SECOND)
#define NEVER_NS (SECOND / 2) /* where none is waited for */
#define OTHER_ID "other,warpstream_az=us-east-1b,warpstream_interzone_lb=true"
#define PRIORITY 10
#define EVERY_NS 50000 /* and up to as much again */

static atomic_bool enough;

/* A connection of a task, and what was seen of it that belongs to the other one. */
struct fed {
	uint64_t cookie;
	const char *id;
	uint32_t mixed;
	uint8_t packet[512];
};

/* Is the connection its own client's, and its place, where there is one, between two of its
 * requests, which are all of one size? */
static bool is_own(const struct fed *f, uint32_t len)
{
	struct rz_conn c = conn_of(f->cookie);
	uint64_t client = rz_request_id_hash((const uint8_t *)f->id, (int16_t)strlen(f->id),
					     skel->rodata->rz_config.hash_seed);

	return c.frame.client == client && !c.frame.several &&
	       (!c.frame.synced || !((c.frame.next_seq - SEQ0) % len));
}

/* A request of the connection's own client, by the task that feeds this connection alone. */
static void feed_one(struct fed *f)
{
	struct __sk_buff skb = {.mark = (__u32)f->cookie};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->packet, .repeat = 1, .ctx_in = &skb,
		    .ctx_size_in = sizeof(skb));
	size_t len;
	uint8_t r[256];

	len = make_request(r, RZ_API_METADATA, 3, 1, f->id, (int)strlen(f->id), 12);
	opts.data_size_in = make_packet(f->packet, v6, next_seq[f->cookie], r, len);
	if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_segment), &opts))
		f->mixed++;
	else if (opts.retval == PASSED)
		next_seq[f->cookie] += len;
	f->mixed += !is_own(f, len);
}

/* Comes between whatever the other task does, at any of its instants. It rests for as long as it
 * has worked, at least: on an emulated machine it would leave the other task, and all else on this
 * CPU, no time. */
static void *urgent(void *fed)
{
	unsigned int random = 1;
	uint64_t begun_ns, worked_ns = 0, rest_ns;
	struct timespec pause = {};

	while (!enough) {
		rest_ns =
			(worked_ns > EVERY_NS ? worked_ns : EVERY_NS) + rand_r(&random) % EVERY_NS;
		pause.tv_sec = (time_t)(rest_ns / SECOND);
		pause.tv_nsec = (long)(rest_ns % SECOND);
		nanosleep(&pause, NULL);
		begun_ns = rz_now_ns();
		feed_one(fed);
		worked_ns = rz_now_ns() - begun_ns;
	}
	return NULL;
}

static bool kernel_preempts(void)
{
	struct utsname u;

	return !uname(&u) && strstr(u.version, "PREEMPT_RT");
}

/* Two tasks of one CPU, one of which comes between what the other one does, each with a connection
 * of its own: neither is taken for the other's client, and each one's place is right. They meet in
 * the scratch on a PREEMPT_RT kernel, and on no other. That is what is seen here: without the guard
 * the harm is too rare (none in 200 meetings), and the tests above fail. */
static void two_tasks(void **state)
{
	struct sched_param first = {.sched_priority = PRIORITY};
	bool preempts = kernel_preempts();
	uint64_t before = STAT(scratch_busy), begun_ns = rz_now_ns();
	static struct fed one = {.cookie = 1, .id = ID}, other = {.cookie = 2, .id = OTHER_ID};
	pthread_attr_t attr;
	pthread_t task;

	(void)state;
	skel->bss->rz_test_slow = 1;
	skel->bss->rz_test_has_tcp = 0;
	opened(1, 1);
	opened(2, 1);
	one.mixed = other.mixed = 0;
	enough = false;
	assert_int_equal(0, pthread_attr_init(&attr));
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &first);
	assert_int_equal(0, pthread_create(&task, &attr, urgent, &other));
	while (STAT(scratch_busy) < before + MEETINGS &&
	       rz_now_ns() - begun_ns < (preempts ? TRIES_NS : NEVER_NS))
		feed_one(&one);
	enough = true;
	pthread_join(task, NULL);
	pthread_attr_destroy(&attr);
	printf("met %llu times\n", (unsigned long long)(STAT(scratch_busy) - before));
	assert_int_equal(0, one.mixed);
	assert_int_equal(0, other.mixed);
	feed_one(&one);
	feed_one(&other);
	assert_int_equal(next_seq[1], conn_of(1).frame.next_seq);
	assert_int_equal(next_seq[2], conn_of(2).frame.next_seq);
	if (!preempts)
		assert_int_equal(before, STAT(scratch_busy));
	if (preempts && STAT(scratch_busy) == before) {
		printf("this kernel has a lock that lets a CPU run one softirq at a time\n");
		skip();
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, known, free_again)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(one_at_a_time),	      TEST(dropped_for_another_connection),
		TEST(dropped_for_its_own),    TEST(true_bytes_are_read_first),
		TEST(follows_without_asking), TEST(the_fast_path_needs_none),
		TEST(an_opening_is_dropped),  TEST(two_tasks),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "scratch taken, IPv6" : "scratch taken, IPv4",
					   tests, one_cpu_setup, teardown);
}
