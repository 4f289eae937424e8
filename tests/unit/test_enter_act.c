// SPDX-License-Identifier: Apache-2.0
/* user/enter/: a requester that asks for what is not its own, as root, in network namespaces of the
 * test's; and which system calls are left. */
#include "unit.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/netlink.h>

#include "enter.h"
#include "enter/act.h"
#include "enter/confine.h"
#include "kern/destroy.h"

#define PORT 9092
static const struct rz_enter_ports ports = {.ports = {PORT, 9093}, .n = 2};

/* Another namespace than the own one: the child is in it until it is ended. */
static pid_t make_netns(uint32_t *ret)
{
	char path[64], c;
	struct stat st;
	int ready[2];
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		c = unshare(CLONE_NEWNET) ? 'n' : 'y';
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	if (c != 'y' || stat(path, &st)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		skip();
	}
	*ret = (uint32_t)st.st_ino;
	return pid;
}

static void acts(int fd)
{
	_exit(rz_enter_act(fd, &ports) ? 1 : 0);
}

struct pair {
	int client, agent, listener;
	struct rz_enter_socket s;
};

/* A connection to an agent of the test's own process, in its own network namespace. */
static struct pair make_pair(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in from = {};
	socklen_t len = sizeof(from), size = sizeof(uint64_t);
	int one = 1;
	struct pair p = {};

	at.sin_port = htons(port);
	p.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	p.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(p.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(p.listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(p.listener, 1), 0);
	assert_int_equal(connect(p.client, (struct sockaddr *)&at, sizeof(at)), 0);
	p.agent = accept(p.listener, (struct sockaddr *)&from, &len);
	assert_true(p.agent >= 0);
	assert_int_equal(getsockopt(p.agent, SOL_SOCKET, SO_COOKIE, &p.s.cookie, &size), 0);
	memset(p.s.tuple.client_addr + 10, 0xff, 2);
	memset(p.s.tuple.agent_addr + 10, 0xff, 2);
	memcpy(p.s.tuple.client_addr + 12, &from.sin_addr, 4);
	memcpy(p.s.tuple.agent_addr + 12, &at.sin_addr, 4);
	p.s.tuple.client_port = ntohs(from.sin_port);
	p.s.tuple.agent_port = port;
	return p;
}

static void end_pair(struct pair *p)
{
	close(p->client);
	close(p->agent);
	close(p->listener);
}

/* Has the client's end seen nothing? */
static bool is_open(const struct pair *p)
{
	struct pollfd at = {.fd = p->client, .events = POLLIN};

	return !poll(&at, 1, 50);
}

/* The test goes on in a network namespace of its own, in a child; 77: it may not make one. */
static void in_own_netns(int (*fn)(uint32_t netns))
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
		struct stat st;
		int fd;

		if (unshare(CLONE_NEWNET))
			_exit(77);
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (ioctl(fd, SIOCSIFFLAGS, &lo) || stat("/proc/self/ns/net", &st))
			_exit(78);
		close(fd);
		_exit(fn((uint32_t)st.st_ino));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Each change of what was found is another socket, and stays open. */
static int shuts_none_but_it(uint32_t netns)
{
	struct pair p = make_pair(PORT), other = make_pair(9093);
	pid_t helper = start_helper(acts);
	struct rz_enter_socket found = p.s, bad;
	int i;

	if (rz_enter_find(netns, &found, 1) || found.pid != (uint32_t)getpid() ||
	    found.fd != (uint32_t)p.agent)
		return 1;
	for (i = 0; i < 9; i++) {
		uint32_t at = netns;

		bad = found;
		if (i == 0)
			bad.cookie++;
		else if (i == 1)
			bad.fd = (uint32_t)p.listener;
		else if (i == 2)
			bad.fd = (uint32_t)p.client;
		else if (i == 3)
			bad.fd = 500;
		else if (i == 4)
			bad.fd = (uint32_t)other.agent;
		else if (i == 5)
			bad.tuple.client_port++;
		else if (i == 6)
			bad.tuple.agent_port = 9093;
		else if (i == 7)
			bad.tuple.client_addr[15]++;
		else
			at = netns + 1;
		if (rz_enter_shut(at, &bad) != -ENOTCONN || !is_open(&p) || !is_open(&other))
			return 10 + i;
	}
	bad = found; /* a process that there is not */
	bad.pid = 0x7fffffff;
	if (rz_enter_shut(netns, &bad) >= 0 || !is_open(&p))
		return 2;
	/* a listener: neither found nor closed */
	bad = p.s;
	bad.tuple.client_port = 1;
	if (rz_enter_find(netns, &bad, 1) || bad.pid)
		return 3;
	if (rz_enter_shut(netns, &found) || is_open(&p) || !is_open(&other))
		return 4;
	/* not ESTABLISHED any more */
	if (rz_enter_shut(netns, &found) != -ENOTCONN)
		return 5;
	end_pair(&p);
	end_pair(&other);
	end_helper(helper);
	return 0;
}

static void test_shut(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	in_own_netns(shuts_none_but_it);
}

/* A port that is none of the agents': the process that answers takes it for no request, and ends.
 */
static int asks_for_another_port(uint32_t netns)
{
	struct pair p = make_pair(22);
	pid_t helper = start_helper(acts);
	int status;

	if (rz_enter_find(netns, &p.s, 1) != -EOWNERDEAD || !is_open(&p))
		return 1;
	if (waitpid(helper, &status, 0) != helper || WEXITSTATUS(status) != 1)
		return 2;
	rz_enter_stop();
	return 0;
}

static void test_other_port(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	in_own_netns(asks_for_another_port);
}

/* Sockets made inside speak of that namespace; one that is not there is none; thousands of requests
 * leave nothing behind. */
static void test_inside(void **state)
{
	size_t before = descriptors(), n, i;
	const struct rz_tuple nobody = {.client_port = 1, .agent_port = 1};
	uint32_t netns, *list;
	pid_t other, helper;
	bool all, met = false;
	int fd;

	(void)state;
	if (geteuid())
		skip();
	other = make_netns(&netns);
	helper = start_helper(acts);
	for (i = 0; i < 1000; i++) {
		fd = rz_enter_netlink(netns, i % 2 ? NETLINK_SOCK_DIAG : NETLINK_ROUTE);
		assert_true(fd >= 0);
		if (i % 2)
			assert_int_equal(rz_destroy_find(fd, &nobody, 1), -ENOENT);
		close(fd);
		assert_int_equal(rz_enter_netlink(0xfffffff0, NETLINK_SOCK_DIAG), -ENOENT);
	}
	fd = open("/dev/null", O_RDONLY); /* no link */
	assert_true(rz_enter_iterator(netns, fd) < 0);
	close(fd);
	assert_int_equal(rz_enter_list(&list, &n, &all), 0);
	assert_true(all);
	for (i = 0; i < n; i++)
		met |= list[i] == netns;
	assert_true(met);
	free(list);
	end_helper(helper);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	assert_int_equal(descriptors(), before);
}

/* ---- what it gives up ---- */

/* The number of what was allowed, or not, against the rule; 0: all is right. */
static int try_what_is_forbidden(void)
{
	char *argv[] = {(char *)"true", NULL};
	pid_t parent = getppid();
	int calls;

	if (rz_enter_forbid_calls(&calls))
		return 1;
	/* nobody answers, so the kernel does, once nobody listens */
	if (calls >= 0)
		close(calls);
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
		return 2;
	if (open("/dev/null", O_RDWR) >= 0 || setns(0, CLONE_NEWNS) >= 0)
		return 3;
	/* not fork(3): before it ASan makes calls that are not on the list, and ends */
	if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0 || execv("/bin/true", argv) >= 0 ||
	    kill(parent, 0) >= 0)
		return 4;
	return open("/dev/null", O_RDONLY) < 0 ? 5 : 0;
}

static void test_forbidden(void **state)
{
	int status = 0;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		syscall(SYS_exit_group, try_what_is_forbidden()); /* not _exit(2): likewise */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shut), cmocka_unit_test(test_other_port),
		cmocka_unit_test(test_inside), cmocka_unit_test(test_forbidden)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
