// SPDX-License-Identifier: Apache-2.0
/*
 * A network process that is not ours any more: it stands where rezone-source does, and says
 * anything at all.
 *
 * Comes in: socket 3, from the daemon; a word in the file that HOSTILE_MODE names, read at each
 * start. Goes out: what that word says. With ask=1 it is the process that asks agents, and takes
 * the connections to them from the daemon, too. Used by tests/kube/25-hostile.py and
 * tests/e2e/95-ask-hostile.sh.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pass.h"
#include "base/str.h"
#include "report/report.h"

static struct rz_report_agents agents = {.n = 1};
static struct rz_report_state state = {.n_agents = 1, .is_new = 1, .known = 1, .n_targets = 1};

static void say(const void *msg, size_t len, int passed)
{
	if (rz_pass_send(RZ_REPORT_FD, msg, len, passed, 0))
		exit(3); /* the daemon has had enough */
}

static void greet(void)
{
	struct rz_report_hello m = {.head = rz_report_head(RZ_REPORT_HELLO, sizeof(m))};

	say(&m, sizeof(m), -1);
}

/* One agent in zone a, proved now. */
static void make(void)
{
	agents.head = rz_report_head(RZ_REPORT_AGENTS, offsetof(struct rz_report_agents, rows) +
							       sizeof(agents.rows[0]));
	agents.rows[0] = (struct rz_report_agent){.port = 9092, .ready = 1, .pod = 1};
	rz_addr_parse("10.1.0.1", agents.rows[0].addr);
	strcpy(agents.rows[0].zone, "a");
	state.head = rz_report_head(RZ_REPORT_STATE, sizeof(state));
	state.sent_ns = state.targets[0].proved_ns = rz_now_ns();
	state.targets[0].agents = state.targets[0].ready = 1;
}

static void tell_well(void)
{
	make();
	say(&agents, agents.head.bytes, -1);
	say(&state, sizeof(state), -1);
}

/* ---- what it does, by a word; each goes on until the daemon ends it ---- */

static void well(void)
{
	greet();
	for (;; sleep(1))
		tell_well();
}

static void dies(void)
{
	greet();
	tell_well();
	abort();
}

static void silent(void)
{
	greet();
	pause();
}

static void garbage(void)
{
	char noise[4096];
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	greet();
	for (;;)
		if (read(fd, noise, sizeof(noise)) > 0)
			say(noise, 1 + (unsigned char)noise[0] * 16, -1);
}

/* Whole reports in which some bytes are other ones. */
static void bent(void)
{
	unsigned seed = (unsigned)rz_now_ns();
	int i;

	greet();
	for (;;) {
		make();
		for (i = 0; i < 3; i++) {
			((char *)&agents)[rand_r(&seed) % agents.head.bytes] = (char)rand_r(&seed);
			((char *)&state)[rand_r(&seed) % sizeof(state)] = (char)rand_r(&seed);
		}
		say(&agents, offsetof(struct rz_report_agents, rows) + sizeof(agents.rows[0]), -1);
		say(&state, sizeof(state), -1);
	}
}

static void too_much(void)
{
	static char much[100000];

	greet();
	say(much, sizeof(much), -1);
	pause();
}

/* Right, and as fast as it goes; a topology of as many agents as fit each time. */
static void too_fast(void)
{
	unsigned i, k;

	greet();
	for (;;) {
		make();
		agents.n = RZ_REPORT_AGENTS_ROWS;
		agents.head.bytes = sizeof(agents);
		for (k = 0; k < RZ_AGENTS_MAX / RZ_REPORT_AGENTS_ROWS; k++) {
			for (i = 0; i < RZ_REPORT_AGENTS_ROWS; i++) {
				agents.rows[i] = agents.rows[0];
				agents.rows[i].pod = k * RZ_REPORT_AGENTS_ROWS + i;
				agents.rows[i].addr[14] = (__u8)(agents.rows[i].pod >> 8);
				agents.rows[i].addr[15] = (__u8)agents.rows[i].pod;
				agents.rows[i].addr[13] = 2;
			}
			say(&agents, sizeof(agents), -1);
		}
		state.n_agents = RZ_AGENTS_MAX;
		state.sent_ns = state.targets[0].proved_ns = rz_now_ns();
		say(&state, sizeof(state), -1);
		agents.n = 1;
	}
}

/* A report whose agents are not those that it counts. */
static void partial(void)
{
	greet();
	make();
	say(&agents, agents.head.bytes, -1);
	state.n_agents = 2;
	say(&state, sizeof(state), -1);
	pause();
}

/* Proved an hour ago: taken, and too old to move anybody by. */
static void old(void)
{
	greet();
	for (;; sleep(1)) {
		make();
		state.targets[0].proved_ns -= 3600 * RZ_SECOND_NS;
		say(&agents, agents.head.bytes, -1);
		say(&state, sizeof(state), -1);
	}
}

static void backwards(void)
{
	greet();
	tell_well();
	make();
	state.targets[0].proved_ns -= 5 * RZ_SECOND_NS;
	say(&agents, agents.head.bytes, -1);
	say(&state, sizeof(state), -1);
	pause();
}

static void future(void)
{
	greet();
	make();
	state.sent_ns = state.targets[0].proved_ns += 3600 * RZ_SECOND_NS;
	say(&agents, agents.head.bytes, -1);
	say(&state, sizeof(state), -1);
	pause();
}

static void descriptors(void)
{
	greet();
	make();
	say(&agents, agents.head.bytes, STDIN_FILENO);
	pause();
}

/* ... with the greeting, where one may come: but it must be a seccomp listener. */
static void listener(void)
{
	struct rz_report_hello m = {.head = rz_report_head(RZ_REPORT_HELLO, sizeof(m)),
				    .confined = RZ_CONFINED_COUNTED};

	say(&m, sizeof(m), timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	pause();
}

static void chatty(void)
{
	struct rz_report_log m = {.head = rz_report_head(RZ_REPORT_LOG, sizeof(m)),
				  .text = "hostile: \033]0;title\007 a line"};

	greet();
	for (;;) {
		tell_well();
		for (int i = 0; i < 1000; i++)
			say(&m, sizeof(m), -1);
	}
}

/* ---- in the place of the process that asks agents ---- */

static struct rz_report_answer an_answer(unsigned number, int error, unsigned produce_max)
{
	return (struct rz_report_answer){
		.head = rz_report_head(RZ_REPORT_ANSWER, sizeof(struct rz_report_answer)),
		.error = error,
		.number = (__u16)number,
		.produce_max = (__u16)produce_max};
}

static void answer(unsigned number, int error, unsigned produce_max)
{
	struct rz_report_answer m = an_answer(number, error, produce_max);

	say(&m, sizeof(m), -1);
}

/* The newest version that there may be, of each agent whose connection comes: without a look at it.
 */
static void claims(void)
{
	struct rz_report_ask m;
	int passed;
	ssize_t n;

	greet();
	for (;; usleep(1000)) {
		n = rz_pass_receive(RZ_REPORT_FD, &m, sizeof(m), &passed);
		if (n == sizeof(m) && passed >= 0)
			answer(m.number, 0, 13);
		else if (n != -EAGAIN)
			exit(3);
	}
}

/* For an agent that it was not asked for. */
static void unasked(void)
{
	greet();
	answer(RZ_REPORT_ASKS_MAX - 1, 0, 13);
	pause();
}

static void early(void)
{
	answer(0, 0, 13);
	pause();
}

/* As the form was once, with a port that it names: a client's. */
static void names_port(void)
{
	struct {
		struct rz_report_answer m;
		char place[20];
	} m = {.m = an_answer(0, 0, 13), .place = {[2] = 1}};

	greet();
	m.m.head.bytes = sizeof(m);
	say(&m, sizeof(m), -1);
	pause();
}

static void passes(void)
{
	struct rz_report_answer m = an_answer(0, 0, 13);

	greet();
	say(&m, sizeof(m), STDIN_FILENO);
	pause();
}

static void floods(void)
{
	struct rz_report_log m = {.head = rz_report_head(RZ_REPORT_LOG, sizeof(m)),
				  .text = "hostile: \033]0;title\007 a line"};

	greet();
	for (;;)
		say(&m, sizeof(m), -1);
}

static void ends(void)
{
	abort();
}

/* As a user whom the daemon may not kill without CAP_KILL, and deaf to all else. */
static void stays(void)
{
	if (setgid(65534) || setuid(65534))
		exit(2);
	greet();
	for (;;)
		pause();
}

static const struct mode {
	const char *word;
	void (*does)(void);
} asks[] = {
	{"claims", claims}, {"unasked", unasked}, {"early", early},	{"names-port", names_port},
	{"passes", passes}, {"floods", floods},	  {"garbage", garbage}, {"silent", silent},
	{"ends", ends},	    {"stays", stays},
};

static const struct mode modes[] = {
	{"well", well},		  {"dies", dies},	{"silent", silent},
	{"garbage", garbage},	  {"bent", bent},	{"too-much", too_much},
	{"too-fast", too_fast},	  {"partial", partial}, {"old", old},
	{"backwards", backwards}, {"future", future},	{"descriptors", descriptors},
	{"listener", listener},	  {"chatty", chatty},
};

static void be(const char *word, const struct mode *m, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(m[i].word, word))
			m[i].does();
}

int main(int argc, char **argv)
{
	const char *path = getenv("HOSTILE_MODE");
	char word[32] = "";
	FILE *f = path ? fopen(path, "re") : NULL;

	signal(SIGPIPE, SIG_IGN);
	if (!f || !fgets(word, sizeof(word), f))
		return 2;
	word[strcspn(word, "\n")] = '\0';
	if (!strcmp(argv[argc - 1], "ask=1"))
		be(word, asks, sizeof(asks) / sizeof(asks[0]));
	else
		be(word, modes, sizeof(modes) / sizeof(modes[0]));
	return 2;
}
