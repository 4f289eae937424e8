// SPDX-License-Identifier: Apache-2.0
/* kern/enter.c and its form: each wrong field of a request or an answer is refused; helpers that
 * are dead, hang, or say anything. */
#include "capture.h"

#include <jansson.h>
#include <poll.h>
#include <linux/netlink.h>

#include "base/clock.h"
#include "base/log.h"
#include "enter.h"

#define PORT 9092
static const struct rz_enter_ports ports = {.ports = {PORT, 9093}, .n = 2};

/* ---- the form of requests ---- */

static const struct rz_enter_socket row = {
	.tuple = {.client_port = 50000, .agent_port = PORT},
	.cookie = 7,
};

static union rz_enter_request right(enum rz_enter_kind kind)
{
	static union rz_enter_request r; /* large */

	memset(&r, 0, sizeof(r));
	switch (kind) {
	case RZ_ENTER_NETLINK:
		r.inside.netns = 1;
		r.inside.protocol = NETLINK_SOCK_DIAG;
		break;
	case RZ_ENTER_ITERATOR:
		r.inside.netns = 1;
		break;
	case RZ_ENTER_FIND:
		r.find.netns = 1;
		r.find.n = 2;
		r.find.rows[0] = r.find.rows[1] = row;
		break;
	case RZ_ENTER_SHUT:
		r.shut.netns = 1;
		r.shut.row = row;
		r.shut.row.pid = 1;
		break;
	default:
		break;
	}
	rz_enter_form_head(&r, kind, kind == RZ_ENTER_FIND ? 2 : 0, 1);
	return r;
}

static bool brings(enum rz_enter_kind kind)
{
	return kind == RZ_ENTER_ITERATOR || kind == RZ_ENTER_RIVAL;
}

static bool is_taken(const union rz_enter_request *r)
{
	return rz_enter_form_request(r, r->head.bytes, brings((enum rz_enter_kind)r->head.kind),
				     &ports) == r->head.kind;
}

static void test_heads(void **state)
{
	int kind;

	(void)state;
	for (kind = RZ_ENTER_NETLINK; kind <= RZ_ENTER_RIVAL; kind++) {
		union rz_enter_request r = right((enum rz_enter_kind)kind), bad;
		size_t len = r.head.bytes;
		bool with = brings((enum rz_enter_kind)kind);

		assert_true(is_taken(&r));
		/* a descriptor too many, or none where there is to be one */
		assert_int_equal(rz_enter_form_request(&r, len, !with, &ports), RZ_ENTER_NONE);
		assert_int_equal(rz_enter_form_request(&r, len - 1, with, &ports), RZ_ENTER_NONE);
		assert_int_equal(rz_enter_form_request(&r, 3, with, &ports), RZ_ENTER_NONE);
		bad = r;
		bad.head.bytes = (__u32)(len + 4);
		assert_int_equal(rz_enter_form_request(&bad, len + 4, with, &ports), RZ_ENTER_NONE);
		bad = r;
		bad.head.magic++;
		assert_false(is_taken(&bad));
		bad = r;
		bad.head.seq = 0;
		assert_false(is_taken(&bad));
		bad = r;
		bad.head.kind = RZ_ENTER_HELLO;
		assert_int_equal(rz_enter_form_request(&bad, len, with, &ports), RZ_ENTER_NONE);
		bad.head.kind = RZ_ENTER_NONE;
		assert_int_equal(rz_enter_form_request(&bad, len, with, &ports), RZ_ENTER_NONE);
		bad.head.kind = 0xffffffff;
		assert_int_equal(rz_enter_form_request(&bad, len, with, &ports), RZ_ENTER_NONE);
	}
}

#define REFUSED(kind, change)                           \
	do {                                            \
		union rz_enter_request r = right(kind); \
		change;                                 \
		assert_false(is_taken(&r));             \
	} while (0)

static void test_fields(void **state)
{
	(void)state;
	REFUSED(RZ_ENTER_NETLINK, r.inside.netns = 0);
	REFUSED(RZ_ENTER_NETLINK, r.inside.protocol = NETLINK_NETFILTER);
	REFUSED(RZ_ENTER_ITERATOR, r.inside.netns = 0);
	REFUSED(RZ_ENTER_ITERATOR, r.inside.protocol = NETLINK_SOCK_DIAG);
	REFUSED(RZ_ENTER_FIND, r.find.netns = 0);
	REFUSED(RZ_ENTER_FIND, r.find.n = 0);
	REFUSED(RZ_ENTER_FIND, r.find.n = 1);
	REFUSED(RZ_ENTER_FIND, r.find.n = RZ_ENTER_ROWS + 1);
	REFUSED(RZ_ENTER_FIND, r.find.rows[1].tuple.agent_port = 22);
	REFUSED(RZ_ENTER_FIND, r.find.rows[1].cookie = 0);
	REFUSED(RZ_ENTER_FIND, r.find.rows[1].pid = 1);
	REFUSED(RZ_ENTER_FIND, r.find.rows[1].fd = 1);
	REFUSED(RZ_ENTER_SHUT, r.shut.netns = 0);
	REFUSED(RZ_ENTER_SHUT, r.shut.pad = 1);
	REFUSED(RZ_ENTER_SHUT, r.shut.row.pad = 1);
	REFUSED(RZ_ENTER_SHUT, r.shut.row.tuple.agent_port = 22);
	REFUSED(RZ_ENTER_SHUT, r.shut.row.tuple.client_port = 0);
	REFUSED(RZ_ENTER_SHUT, r.shut.row.cookie = 0);
	REFUSED(RZ_ENTER_SHUT, r.shut.row.pid = 0);
	REFUSED(RZ_ENTER_SHUT, r.shut.row.pid = 0x80000000);
	REFUSED(RZ_ENTER_SHUT, r.shut.row.fd = 0x80000000);
	REFUSED(RZ_ENTER_RIVAL, r.rival.n = RZ_ENTER_LINKS + 1);
	REFUSED(RZ_ENTER_RIVAL, r.rival.links[0] = 1);
}

static void test_answers(void **state)
{
	static struct rz_enter_answer a;
	size_t len = rz_enter_form_answer_bytes(RZ_ENTER_SHUT, 0);

	(void)state;
	a = (struct rz_enter_answer){.head = {RZ_ENTER_MAGIC, RZ_ENTER_SHUT, (__u32)len, 1}};
	assert_true(rz_enter_form_answer(&a, len, false));
	assert_false(rz_enter_form_answer(&a, len, true)); /* with a descriptor */
	assert_false(rz_enter_form_answer(&a, len - 1, false));
	a.n = 1;
	assert_false(rz_enter_form_answer(&a, len, false));
	a.n = 0;
	a.error = 1;
	assert_false(rz_enter_form_answer(&a, len, false));
	a.error = 0;
	a.more = 1;
	assert_false(rz_enter_form_answer(&a, len, false));
	a.more = 0;
	a.head.seq = 0;
	assert_false(rz_enter_form_answer(&a, len, false));
	a.head.seq = 1;
	a.head.kind = RZ_ENTER_NETLINK; /* one that is right brings a descriptor */
	assert_false(rz_enter_form_answer(&a, len, false));
	assert_true(rz_enter_form_answer(&a, len, true));
	a.error = -ENOENT;
	assert_true(rz_enter_form_answer(&a, len, false));
	a.head.kind = RZ_ENTER_LIST;
	a.error = 0;
	a.n = RZ_ENTER_NETNS + 1;
	assert_int_equal(rz_enter_form_answer_bytes(RZ_ENTER_LIST, a.n), 0);
	a.head.bytes = (__u32)sizeof(a);
	assert_false(rz_enter_form_answer(&a, sizeof(a), false));
}

/* ---- helpers that do not do what they should ---- */

static int errors[200];
static void count(void *arg, int error)
{
	(void)arg;
	errors[-error]++;
}

static void asks_nothing(int fd)
{
	(void)fd;
	pause();
}

/* One time limit, then none: it is not asked any more. */
static void test_hangs(void **state)
{
	uint64_t begun_ns = rz_now_ns(), after_ns;
	struct rz_enter_socket s = row;
	pid_t pid = start_helper(asks_nothing);
	uint32_t *list, id = 0;
	bool all = true;
	size_t n;

	(void)state;
	rz_enter_tell(&(struct rz_enter_calls){.failed = count});
	errors[ETIMEDOUT] = 0;
	assert_int_equal(rz_enter_netlink(1, NETLINK_SOCK_DIAG), -EOWNERDEAD);
	after_ns = rz_now_ns();
	assert_in_range(after_ns - begun_ns, RZ_ENTER_WAIT_NS, 2 * RZ_ENTER_WAIT_NS);
	assert_int_equal(errors[ETIMEDOUT], 1);
	assert_int_equal(rz_enter_netlink(1, NETLINK_SOCK_DIAG), -EOWNERDEAD);
	assert_int_equal(rz_enter_find(1, &s, 1), -EOWNERDEAD);
	assert_int_equal(s.pid, 0);
	assert_int_equal(rz_enter_shut(1, &s), -EOWNERDEAD);
	assert_int_equal(rz_enter_rival(&(struct rz_enter_rival){}, 0, &id), -EOWNERDEAD);
	/* what needs no helper goes on */
	assert_int_equal(rz_enter_list(&list, &n, &all), 0);
	assert_false(all);
	assert_int_equal(n, 1);
	n = (size_t)rz_enter_netlink(list[0], NETLINK_SOCK_DIAG);
	assert_true((int)n >= 0);
	close((int)n);
	free(list);
	assert_in_range(rz_now_ns() - after_ns, 0, RZ_ENTER_WAIT_NS / 2);
	end_helper(pid);
}

static void dies(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	poll(&p, 1, -1); /* in the midst of a request */
}

static void test_dies(void **state)
{
	uint64_t begun_ns = rz_now_ns();
	pid_t pid = start_helper(dies);
	char text[1024];
	struct capture c;
	json_t *line;

	(void)state;
	rz_enter_tell(&(struct rz_enter_calls){.failed = count});
	errors[ECHILD] = 0;
	rz_log_setup(RZ_LOG_JSON, RZ_LOG_INFO);
	capture_begin(&c);
	assert_int_equal(rz_enter_netlink(1, NETLINK_SOCK_DIAG), -EOWNERDEAD);
	assert_int_equal(rz_enter_iterator(1, 0), -EOWNERDEAD);
	capture_end(&c, text, sizeof(text));
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	assert_int_equal(errors[ECHILD], 1);
	assert_in_range(rz_now_ns() - begun_ns, 0, RZ_ENTER_WAIT_NS);
	/* said once, by fields: which process, why, whether it comes back */
	assert_int_equal(capture_lines(text), 1);
	line = json_loads(text, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(line, "process")), "enter");
	assert_string_equal(json_string_value(json_object_get(line, "error")), "ECHILD");
	assert_non_null(json_string_value(json_object_get(line, "why")));
	assert_true(json_is_true(json_object_get(line, "for_good")));
	json_decref(line);
	end_helper(pid);
}

/* What a liar answers to the first request. */
static enum lie {
	OTHER_KIND,
	GARBAGE,
	NO_DESCRIPTOR,
	A_FILE,
	OTHER_PROTOCOL,
	LATE_ANSWERS,
	LIES,
} lie;

static void lies(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t bytes = rz_enter_form_answer_bytes(RZ_ENTER_NETLINK, 0);
	static struct rz_enter_answer a;
	static union rz_enter_request r;
	int passed, with = -1, i;

	poll(&p, 1, -1);
	rz_pass_receive(fd, &r, sizeof(r), &passed);
	a.head = (struct rz_enter_head){RZ_ENTER_MAGIC, RZ_ENTER_NETLINK, (__u32)bytes, r.head.seq};
	switch (lie) {
	case OTHER_KIND:
		a.head.kind = RZ_ENTER_SHUT;
		break;
	case GARBAGE:
		memset(&a, 0x5a, sizeof(a));
		break;
	case A_FILE:
		with = open("/dev/null", O_RDWR);
		break;
	case OTHER_PROTOCOL:
		with = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
		break;
	case LATE_ANSWERS: /* of a request before; then the right one */
		with = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
		a.head.seq--;
		a.head.seq = a.head.seq ?: 77;
		for (i = 0; i < 100; i++)
			rz_pass_send(fd, &a, bytes, with, 0);
		a.head.seq = r.head.seq;
		break;
	default:
		break;
	}
	rz_pass_send(fd, &a, bytes, with, 0);
	pause();
}

static void test_lies(void **state)
{
	size_t before = descriptors();
	int fd;

	(void)state;
	rz_enter_tell(&(struct rz_enter_calls){.failed = count});
	for (lie = OTHER_KIND; lie < LIES; lie++) {
		pid_t pid = start_helper(lies);

		errors[EBADMSG] = 0;
		fd = rz_enter_netlink(1, NETLINK_SOCK_DIAG);
		if (lie == LATE_ANSWERS) {
			assert_true(fd >= 0);
			close(fd);
		} else {
			assert_int_equal(fd, -EOWNERDEAD);
			assert_int_equal(errors[EBADMSG], 1);
		}
		end_helper(pid);
		assert_int_equal(descriptors(), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),	cmocka_unit_test(test_fields),
		cmocka_unit_test(test_answers), cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_dies),	cmocka_unit_test(test_lies)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
