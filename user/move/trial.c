// SPDX-License-Identifier: Apache-2.0
/* The trial connection and its reset, see trial.h. */
#include "move/trial.h"

#include <errno.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <linux/netlink.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "kern/destroy.h"
#include "kern/enter.h"
#include "kern/snapshot.h"
#include "move/close.h"

#define DEADLINE_MS 5000

/* ApiVersions v0 and Fetch v4 of client "rezone-check", the second with a body of zeros. */
static const unsigned char requests[] = {
	0,   0,	  0,   22,  0,	 18,  0,   0,	0,   0,	  0,   1,   0,	 12,  'r',
	'e', 'z', 'o', 'n', 'e', '-', 'c', 'h', 'e', 'c', 'k', 0,   0,	 0,   30,
	0,   1,	  0,   4,   0,	 0,   0,   2,	0,   12,  'r', 'e', 'z', 'o', 'n',
	'e', '-', 'c', 'h', 'e', 'c', 'k', 0,	0,   0,	  0,   0,   0,	 0,   0,
};

static int join_cgroup(const char *cgroup)
{
	char path[4200];
	int fd, err;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, "0", 1) == 1 ? 0 : -errno;
	close(fd);
	return err;
}

static int loopback_up(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) ? -errno : 0;
}

/* Connects to a listener of its own and sends the requests. Returns the client's descriptor; the
 * others stay open until the process ends. */
static int connect_self(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(RZ_TRIAL_PORT)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP), one = 1;

	/* a trial before this one in the own network namespace may have left a TIME_WAIT */
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener < 0 || client < 0 || bind(listener, (void *)&at, sizeof(at)) ||
	    listen(listener, 1) || connect(client, (void *)&at, sizeof(at)) ||
	    accept(listener, NULL, NULL) < 0)
		return -errno;
	if (send(client, requests, sizeof(requests), MSG_NOSIGNAL) != (ssize_t)sizeof(requests))
		return -errno;
	return client;
}

/* Was the connection ended in this way? */
static bool ended_so(int fd, enum rz_trial_way way)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	return way == RZ_TRIAL_FIN ? n == 0 : n < 0 && errno == ECONNRESET;
}

/* The child: exit status 0 if its connection was ended as asked, else an errno. */
static int child(const char *cgroup, int ready, enum rz_trial_way way)
{
	struct pollfd p = {.events = POLLIN};
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = join_cgroup(cgroup);
	/* without CAP_SYS_ADMIN only connections of the own network namespace can be closed */
	if (!err && unshare(CLONE_NEWNET))
		err = errno == EPERM ? 0 : -errno;
	else if (!err)
		err = loopback_up();
	if (err)
		return -err;
	p.fd = connect_self();
	if (p.fd < 0)
		return -p.fd;
	if (write(ready, "R", 1) != 1)
		return errno;
	if (poll(&p, 1, DEADLINE_MS) <= 0)
		return ETIMEDOUT;
	return ended_so(p.fd, way) ? 0 : EPROTO;
}

static uint32_t netns_of(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return stat(path, &st) ? 0 : (uint32_t)st.st_ino;
}

/* Waits until map conns shows the child's connection as a data connection. */
static int find_conn(struct rz_kern *k, pid_t pid, struct rz_candidate *ret)
{
	uint32_t netns = netns_of(pid);
	int tries;

	for (tries = 0; tries < DEADLINE_MS / 20; tries++) {
		struct rz_snapshot *s = NULL;
		bool found = false;
		size_t i;
		int err = rz_snapshot_read(rz_kern_maps(k), &s);

		if (err)
			return err;
		for (i = 0; i < s->n_conns && !found; i++) {
			const struct rz_conn *c = &s->conns[i];

			found = c->netns == netns && c->frame.state == RZ_STATE_DATA;
			if (found)
				*ret = (struct rz_candidate){.cookie = c->cookie,
							     .client = c->frame.client,
							     .netns = netns,
							     .tuple = c->tuple};
		}
		rz_snapshot_free(s);
		if (found)
			return 0;
		poll(NULL, 0, 20);
	}
	return -ETIMEDOUT;
}

static int by_netlink(const struct rz_job *j)
{
	_cleanup_close_ int nl = rz_enter_netlink(j->c.netns, NETLINK_SOCK_DIAG);

	return nl < 0 ? nl : rz_destroy_socket(nl, &j->c.tuple, j->c.cookie);
}

static int close_conn(struct rz_kern *k, struct rz_job *j, enum rz_trial_way way)
{
	if (way == RZ_TRIAL_NETLINK)
		return by_netlink(j);
	if (way == RZ_TRIAL_FIN)
		j->c.plan.close = RZ_CLOSE_FIN;
	rz_close_find(&j, 1);
	rz_close_run(k, &j, 1, NULL, rz_now_ns());
	return j->error;
}

static int watch(struct rz_kern *k, pid_t pid, int ready, enum rz_trial_way way, const char **stage)
{
	struct pollfd p = {.fd = ready, .events = POLLIN};
	struct rz_job j = {};
	char c;
	int err;

	*stage = "making a connection in a network namespace and cgroup of its own";
	if (poll(&p, 1, DEADLINE_MS) <= 0 || read(ready, &c, 1) != 1)
		return -ETIMEDOUT; /* the child's exit status says more, see rz_trial_run */
	*stage = "seeing that connection and its client.id in map conns";
	err = find_conn(k, pid, &j.c);
	if (err)
		return err;
	*stage = way == RZ_TRIAL_WALK	   ? "resetting it by bpf_sock_destroy"
		 : way == RZ_TRIAL_NETLINK ? "resetting it by SOCK_DESTROY"
					   : "shutting its descriptor down";
	return close_conn(k, &j, way);
}

int rz_trial_run(struct rz_kern *k, const char *cgroup, enum rz_trial_way way, const char **stage)
{
	int ready[2], status = 0, err;
	pid_t pid;

	*stage = "starting a child process";
	if (pipe2(ready, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		_exit(child(cgroup, ready[1], way));
	close(ready[1]);
	err = pid < 0 ? -errno : watch(k, pid, ready[0], way, stage);
	close(ready[0]);
	if (pid < 0)
		return err;
	if (err)
		kill(pid, SIGKILL); /* no effect on one that has ended with a reason of its own */
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status)) {
		if (!err)
			*stage = "the client's end seeing it";
		return -WEXITSTATUS(status);
	}
	return err;
}
