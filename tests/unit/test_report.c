// SPDX-License-Identifier: Apache-2.0
/* report/: what the daemon takes of the network process, and what it refuses, field by field. */
#include "unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/pass.h"
#include "base/str.h"
#include "report/intake.h"
#include "report/report.h"

#define NOW (1000 * SECOND_NS)

static const struct rz_intake_conf asked = {.targets = {{"kube ws/a", "one"}, {"kube ws/b", "two"}},
					    .n_targets = 2,
					    .cloud = "cloud aws"};

static char why[160];

static int take(struct rz_intake *in, const void *msg, size_t len, enum rz_intake_got *got)
{
	struct rz_intake_said said;
	int err = rz_intake_take(in, msg, len, false, NOW, &said, why, sizeof(why));

	if (!err && got)
		*got = said.got;
	return err;
}

static struct rz_report_agents agents_of(size_t n)
{
	struct rz_report_agents m = {.n = (uint32_t)n};
	size_t i;

	for (i = 0; i < n; i++) {
		m.rows[i] = (struct rz_report_agent){.port = 9092, .ready = 1, .pod = (uint32_t)i};
		assert_int_equal(rz_addr_parse("10.0.0.1", m.rows[i].addr), 0);
		m.rows[i].addr[15] = (uint8_t)(i + 1);
		strcpy(m.rows[i].zone, "a");
	}
	m.head = rz_report_head(RZ_REPORT_AGENTS,
				offsetof(struct rz_report_agents, rows) + n * sizeof(m.rows[0]));
	return m;
}

static struct rz_report_state state_of(uint32_t n)
{
	return (struct rz_report_state){
		.head = rz_report_head(RZ_REPORT_STATE, sizeof(struct rz_report_state)),
		.sent_ns = NOW,
		.n_agents = n,
		.is_new = n > 0,
		.known = 1,
		.n_targets = 2,
		.asks_cloud = 1,
		.targets = {{.proved_ns = NOW - SECOND_NS, .newest = 7, .agents = n, .ready = n},
			    {.proved_ns = NOW}}};
}

/* One that was greeted, and knows one agent. */
static struct rz_intake *begun(void)
{
	struct rz_report_hello hello = {.head = rz_report_head(RZ_REPORT_HELLO, sizeof(hello)),
					.confined = RZ_CONFINED_MOUNTS};
	struct rz_report_agents a = agents_of(1);
	struct rz_report_state s = state_of(1);
	struct rz_intake *in = NULL;
	enum rz_intake_got got;

	assert_int_equal(rz_intake_new(&asked, &in), 0);
	assert_int_equal(take(in, &hello, sizeof(hello), &got), 0);
	assert_int_equal(got, RZ_INTAKE_HELLO);
	assert_int_equal(take(in, &a, a.head.bytes, &got), 0);
	assert_int_equal(got, RZ_INTAKE_PART);
	assert_null(rz_intake_topo(in)); /* not before the report is whole */
	assert_int_equal(take(in, &s, sizeof(s), &got), 0);
	assert_int_equal(got, RZ_INTAKE_TOPOLOGY);
	return in;
}

static void test_taken(void **state)
{
	struct rz_source_row rows[RZ_SOURCES_MAX];
	struct rz_intake *in = begun();
	const struct rz_topo *t = rz_intake_topo(in);

	(void)state;
	assert_int_equal(t->n_agents, 1);
	assert_string_equal(t->agents[0].group, "one");
	assert_string_equal(t->agents[0].zone, "a");
	assert_true(t->agents[0].ready);
	assert_int_equal(rz_intake_rows(in, "it is dead", rows, RZ_SOURCES_MAX), 3);
	assert_string_equal(rows[0].v.name, "kube ws/a");
	assert_string_equal(rows[0].v.note, "it is dead");
	assert_int_equal(rows[0].v.proved_ns, NOW - SECOND_NS);
	assert_true(rows[0].must_be_fresh && rows[1].must_be_fresh && !rows[2].must_be_fresh);
	assert_string_equal(rows[2].v.name, "cloud aws");
	assert_true(rz_intake_full(in, 0) && !rz_intake_full(in, 1));
	assert_int_equal(rz_intake_newest(in, 0), 7);
	rz_intake_free(in);
}

/* Spoils one field of an agent, and the topology stays as it was. */
static void test_agents_refused(void **state)
{
	static const struct {
		size_t at, size;
		uint64_t value;
		const char *says;
	} bad[] = {
#define FIELD(f, v, says) \
	{offsetof(struct rz_report_agent, f), sizeof(((struct rz_report_agent *)0)->f), v, says}
		FIELD(port, 0, "port 0"),
		FIELD(ready, 2, "neither ready nor not"),
		FIELD(node, RZ_REPORT_NODES, "on no kind of node"),
		FIELD(target, 2, "of a Service that was not asked for"),
#undef FIELD
		{offsetof(struct rz_report_agent, addr) + 12, 4, 0, "an address that means any"},
		{offsetof(struct rz_report_agent, zone), 1, ' ', "a zone that is no zone's name"},
		{offsetof(struct rz_report_agent, zone), 1, 0x1b, "a zone that is no zone's name"},
	};
	struct rz_intake *in = begun();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		struct rz_report_agents a = agents_of(2);

		memcpy((char *)&a.rows[1] + bad[i].at, &bad[i].value, bad[i].size);
		assert_int_equal(take(in, &a, a.head.bytes, NULL), -EBADMSG);
		assert_non_null(strstr(why, bad[i].says));
		assert_int_equal(rz_intake_topo(in)->n_agents, 1);
	}
	rz_intake_free(in);
	in = begun();
	{
		struct rz_report_agents a = agents_of(1);

		memset(a.rows[0].zone, 'z', sizeof(a.rows[0].zone)); /* it does not end */
		assert_int_equal(take(in, &a, a.head.bytes, NULL), -EBADMSG);
	}
	rz_intake_free(in);
}

static void test_twice(void **state)
{
	struct rz_intake *in = begun();
	struct rz_report_agents a = agents_of(2);
	struct rz_report_state s = state_of(2);

	(void)state;
	a.rows[1].addr[15] = a.rows[0].addr[15];
	assert_int_equal(take(in, &a, a.head.bytes, NULL), 0);
	assert_int_equal(take(in, &s, sizeof(s), NULL), -EBADMSG);
	assert_string_equal(why, "agent 10.0.0.1:9092 stands twice in a topology");
	assert_int_equal(rz_intake_topo(in)->n_agents, 1);
	/* what was said of it goes with it */
	s = state_of(0);
	assert_int_equal(take(in, &s, sizeof(s), NULL), 0);
	rz_intake_free(in);
}

static void test_too_many(void **state)
{
	struct rz_intake *in = begun();
	struct rz_report_agents a = agents_of(RZ_REPORT_AGENTS_ROWS);
	size_t i;

	(void)state;
	for (i = 0; i < RZ_AGENTS_MAX / RZ_REPORT_AGENTS_ROWS; i++)
		assert_int_equal(take(in, &a, a.head.bytes, NULL), 0);
	assert_int_equal(take(in, &a, a.head.bytes, NULL), -EBADMSG);
	rz_intake_free(in);
}

#define REFUSES(says, ...)                                                 \
	do {                                                               \
		struct rz_intake *in = begun();                            \
		struct rz_report_state s = state_of(0);                    \
                                                                           \
		__VA_ARGS__;                                               \
		assert_int_equal(take(in, &s, sizeof(s), NULL), -EBADMSG); \
		if (!strstr(why, says))                                    \
			fail_msg("%s", why);                               \
		assert_int_equal(rz_intake_topo(in)->n_agents, 1);         \
		rz_intake_free(in);                                        \
	} while (0)

static void test_state_refused(void **state)
{
	(void)state;
	REFUSES("in the future", s.sent_ns = NOW + 1);
	REFUSES("learned in the future", s.learned_ns = NOW + 1);
	REFUSES("sent before", s.sent_ns = NOW - 1; s.targets[1].proved_ns = 0);
	REFUSES("proved in the future", s.targets[1].proved_ns = NOW + 1);
	REFUSES("before it was proved last", s.targets[1].proved_ns = NOW - SECOND_NS);
	REFUSES("1 Services, 2 were asked for", s.n_targets = 1);
	REFUSES("2 were asked for", s.asks_cloud = 0);
	REFUSES("a state of 1 agents, 0 came", s.n_agents = 1; s.is_new = 1);
	REFUSES("a state of 1 agents", s.n_agents = 1);
	REFUSES("a state of", s.is_new = 1; s.known = 0);
	REFUSES("freeze 8", s.targets[0].freeze = RZ_FREEZE_DETACHED);
	REFUSES("2 of 1 agents", s.targets[0].agents = 1; s.targets[0].ready = 2);
	REFUSES("a text without an end", memset(s.targets[0].note, 'x', sizeof(s.targets[0].note)));
	REFUSES("a text without an end", memset(s.cloud_note, 'x', sizeof(s.cloud_note)));
	REFUSES("no zone's name", strcpy(s.own_zone, "a b"));
	REFUSES("no zone's name", memset(s.cloud_id, 'x', sizeof(s.cloud_id)));
}

static void test_heads(void **state)
{
	struct rz_intake *in = begun();
	struct rz_report_state s = state_of(0);
	struct rz_report_hello hello = {.head = rz_report_head(RZ_REPORT_HELLO, sizeof(hello))};
	struct rz_report_doubt doubt = {.head = rz_report_head(RZ_REPORT_DOUBT, sizeof(doubt))};
	struct rz_report_log log = {.head = rz_report_head(RZ_REPORT_LOG, sizeof(log)), .level = 9};
	struct rz_report_agents none = {
		.head = rz_report_head(RZ_REPORT_AGENTS, offsetof(struct rz_report_agents, rows))};
	struct rz_intake_said said;

	(void)state;
	assert_int_equal(take(in, &hello, sizeof(hello), NULL), -EBADMSG); /* a second one */
	assert_int_equal(take(in, &doubt, sizeof(doubt), NULL), -EBADMSG); /* the daemon's */
	assert_int_equal(take(in, &log, sizeof(log), NULL), -EBADMSG);
	assert_int_equal(take(in, &none, none.head.bytes, NULL), -EBADMSG);
	assert_int_equal(take(in, &s, sizeof(s) - 1, NULL), -EBADMSG);
	assert_int_equal(take(in, &s, 3, NULL), -EBADMSG);
	s.head.kind = RZ_REPORT_KINDS;
	assert_int_equal(take(in, &s, sizeof(s), NULL), -EBADMSG);
	s = state_of(0);
	s.head.magic++;
	assert_int_equal(take(in, &s, sizeof(s), NULL), -EBADMSG);
	s = state_of(0);
	assert_int_equal(rz_intake_take(in, &s, sizeof(s), true, NOW, &said, why, sizeof(why)),
			 -EBADMSG);
	assert_string_equal(why, "a descriptor, which only a greeting may bring");
	rz_intake_begin(in);
	assert_int_equal(take(in, &s, sizeof(s), NULL), -EBADMSG); /* before the greeting */
	rz_intake_free(in);
}

/* A log line comes without what a terminal would act upon. */
static void test_log(void **state)
{
	struct rz_intake *in = begun();
	struct rz_report_log m = {.head = rz_report_head(RZ_REPORT_LOG, sizeof(m)),
				  .level = RZ_LOG_WARN,
				  .text = "kube: \033[2J\n"};
	struct rz_intake_said said;

	(void)state;
	assert_int_equal(rz_intake_take(in, &m, sizeof(m), false, NOW, &said, why, sizeof(why)), 0);
	assert_int_equal(said.got, RZ_INTAKE_LOG);
	assert_int_equal(said.level, RZ_LOG_WARN);
	assert_null(strchr(said.text, '\033'));
	assert_null(strchr(said.text, '\n'));
	rz_intake_free(in);
}

/* Another process: what was known stays until it knows better, and half a report of the one before
 * is none of its own. */
static void test_another_process(void **state)
{
	struct rz_report_hello hello = {.head = rz_report_head(RZ_REPORT_HELLO, sizeof(hello))};
	struct rz_report_agents a = agents_of(1);
	struct rz_report_state s = state_of(0);
	struct rz_source_row rows[RZ_SOURCES_MAX];
	struct rz_intake *in = begun();

	(void)state;
	s.targets[0].freeze = RZ_FREEZE_UNREACHABLE;
	strcpy(s.targets[0].note, "nobody answers");
	assert_int_equal(take(in, &s, sizeof(s), NULL), 0);
	assert_int_equal(take(in, &a, a.head.bytes, NULL), 0);

	rz_intake_begin(in);
	assert_int_equal(take(in, &hello, sizeof(hello), NULL), 0);
	s = state_of(0);
	s.known = 0;
	s.targets[0] = s.targets[1] = (struct rz_report_target){};
	assert_int_equal(take(in, &s, sizeof(s), NULL), 0);
	rz_intake_rows(in, "", rows, RZ_SOURCES_MAX);
	assert_int_equal(rows[0].freeze, RZ_FREEZE_UNREACHABLE);
	assert_int_equal(rows[0].v.proved_ns, NOW - SECOND_NS);
	assert_string_equal(rows[0].v.note, "nobody answers");
	assert_int_equal(rz_intake_topo(in)->n_agents, 1);
	assert_int_equal(rz_intake_newest(in, 0), 7);

	s.targets[0].proved_ns = NOW - 2 * SECOND_NS; /* earlier than the other one's: still true */
	assert_int_equal(take(in, &s, sizeof(s), NULL), 0);
	rz_intake_rows(in, "", rows, RZ_SOURCES_MAX);
	assert_int_equal(rows[0].freeze, RZ_FREEZE_NONE);
	assert_string_equal(rows[0].v.note, "");
	rz_intake_free(in);
}

/* Bytes that anybody may have sent: nothing breaks, and every topology is whole. */
static void test_noise(void **state)
{
	union {
		struct rz_report_head head;
		struct rz_report_agents agents;
		struct rz_report_state state;
		unsigned char room[RZ_REPORT_MAX];
	} m;
	uint64_t seed = 7;
	struct rz_intake *in = begun();
	size_t i, k, taken = 0;

	(void)state;
	for (i = 0; i < 20000; i++) {
		size_t len;

		m.state = state_of(noise_below(&seed, 3));
		len = sizeof(m.state);
		if (noise_below(&seed, 2)) {
			m.agents = agents_of(1 + noise_below(&seed, 3));
			len = m.head.bytes;
		}
		for (k = noise_below(&seed, 3); k; k--)
			m.room[noise_below(&seed, (uint32_t)len)] ^= (unsigned char)noise(&seed);
		taken += !take(in, &m, len, NULL);
		assert_non_null(rz_intake_topo(in));
	}
	assert_true(taken > 1000 && taken < 19000);
	rz_intake_free(in);
}

/* ---- datagrams ---- */

static void test_datagrams(void **state)
{
	struct rz_report_doubt m = {.head = rz_report_head(RZ_REPORT_DOUBT, sizeof(m))};
	char big[2 * RZ_REPORT_MAX] = "", room[RZ_REPORT_MAX];
	int ends[2], passed, null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(rz_pass_receive(ends[0], room, sizeof(room), &passed), -EAGAIN);
	assert_int_equal(rz_pass_send(ends[1], &m, sizeof(m), null, 0), 0);
	assert_int_equal(rz_pass_receive(ends[0], room, sizeof(room), &passed), sizeof(m));
	assert_true(passed >= 0 && passed != null);
	assert_true(fcntl(passed, F_GETFD) & FD_CLOEXEC);
	close(passed);
	assert_int_equal(rz_pass_send(ends[1], big, sizeof(big), null, 0), 0);
	assert_int_equal(rz_pass_receive(ends[0], room, sizeof(room), &passed), -EMSGSIZE);
	assert_int_equal(passed, -1);
	close(ends[1]);
	assert_int_equal(rz_pass_receive(ends[0], room, sizeof(room), &passed), 0);
	close(ends[0]);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),	      cmocka_unit_test(test_agents_refused),
		cmocka_unit_test(test_twice),	      cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_state_refused), cmocka_unit_test(test_heads),
		cmocka_unit_test(test_log),	      cmocka_unit_test(test_another_process),
		cmocka_unit_test(test_noise),	      cmocka_unit_test(test_datagrams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
