// SPDX-License-Identifier: Apache-2.0
/* The keeper of the process that answers, and its spare, see keep.h. */
#include "enter/keep.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"

#define KEEPER_ENDED SIGHUP /* what the kernel sends the spare then */

struct child {
	pid_t pid; /* 0: it does not run */
	struct rz_backoff backoff;
};

struct keeper {
	const struct rz_keep *keep;
	int signals; /* signalfd of SIGCHLD and KEEPER_ENDED, which are blocked */
	struct child answering, spare;
};

/* ---- when a child is started again ---- */

static bool is_due(const struct child *c, uint64_t now_ns)
{
	return !c->pid && rz_backoff_is_over(&c->backoff, now_ns);
}

static void wait_for_next(const struct keeper *k, struct child *c, uint64_t now_ns)
{
	rz_backoff_ended(&c->backoff, k->keep->again_ns, now_ns);
	c->pid = 0;
}

/* True in the child. A fork that fails (no memory, no room for a process) is tried again. */
static bool fork_child(const struct keeper *k, struct child *c)
{
	uint64_t now_ns = rz_now_ns();
	pid_t pid = fork();

	if (!pid)
		return true;
	rz_backoff_began(&c->backoff, now_ns);
	c->pid = pid > 0 ? pid : 0;
	if (pid < 0) {
		rz_err(-errno, "enter: cannot fork: %s", strerror(errno));
		wait_for_next(k, c, now_ns);
	}
	return false;
}

/* Each process reads signals of its own. Which one it was does not matter: its reason is looked at.
 */
static void read_signals(const struct keeper *k)
{
	struct signalfd_siginfo si;

	while (read(k->signals, &si, sizeof(si)) > 0)
		;
}

/* ---- the three processes ---- */

static void start_answering(struct keeper *k)
{
	pid_t own = getpid();
	sigset_t none;

	if (!fork_child(k, &k->answering))
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "rezone-enter");
	close(k->signals);
	close(k->keep->pipe);
	_exit(k->keep->answer(k->keep->arg, own));
}

static bool is_hung_up(const struct pollfd *p)
{
	return p->revents & (POLLHUP | POLLERR);
}

/* The spare sleeps here for as long as its keeper lives. The byte in the pipe is the keeper's. */
static void wait_as_spare(const struct keeper *k, pid_t keeper)
{
	struct pollfd p[2] = {{.fd = k->keep->pipe}, {.fd = k->signals, .events = POLLIN}};

	prctl(PR_SET_NAME, RZ_KEEP_SPARE);
	prctl(PR_SET_PDEATHSIG, KEEPER_ENDED);
	while (getppid() == keeper && !is_hung_up(&p[0]))
		if (poll(p, 2, -1) > 0 && p[1].revents)
			read_signals(k);
	if (is_hung_up(&p[0]))
		_exit(0);
}

/* Returns in the keeper, and in the spare once that has become the keeper. The process that
 * answered has ended with the keeper before (enter/confine.c). */
static void start_spare(struct keeper *k)
{
	pid_t own = getpid();

	if (!fork_child(k, &k->spare))
		return;
	/* a keeper that does not last is a process that answers that does not last */
	k->answering.pid = own;
	rz_backoff_began(&k->answering.backoff, rz_now_ns());
	wait_as_spare(k, own);
	prctl(PR_SET_NAME, RZ_KEEP_KEEPER);
	wait_for_next(k, &k->answering, rz_now_ns());
	k->spare = (struct child){};
	k->keep->ended(own);
}

/* ---- the keeper ---- */

static void reap(struct keeper *k)
{
	uint64_t now_ns = rz_now_ns();
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == k->spare.pid)
			wait_for_next(k, &k->spare, now_ns);
		if (pid != k->answering.pid)
			continue;
		wait_for_next(k, &k->answering, now_ns);
		k->keep->ended(pid);
	}
}

/* Until the next start, in milliseconds; -1: none is to come. */
static int timeout_of(const struct keeper *k)
{
	const struct child *c[2] = {&k->answering, &k->spare};
	uint64_t now_ns = rz_now_ns(), next_ns = UINT64_MAX;
	int i;

	for (i = 0; i < 2; i++)
		if (!c[i]->pid && c[i]->backoff.next_ns < next_ns)
			next_ns = c[i]->backoff.next_ns;
	return next_ns == UINT64_MAX ? -1
	       : next_ns > now_ns    ? (int)((next_ns - now_ns) / 1000000 + 1)
				     : 0;
}

/* False: the daemon has gone. */
static bool take_word(const struct keeper *k)
{
	char byte;
	ssize_t n = read(k->keep->pipe, &byte, 1);

	if (n > 0 && k->answering.pid)
		kill(k->answering.pid, SIGKILL);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static int keep(struct keeper *k)
{
	struct pollfd p[2] = {{.fd = k->keep->pipe, .events = POLLIN},
			      {.fd = k->signals, .events = POLLIN}};

	for (;;) {
		if (is_due(&k->spare, rz_now_ns()))
			start_spare(k);
		if (is_due(&k->answering, rz_now_ns()))
			start_answering(k);
		if (poll(p, 2, timeout_of(k)) <= 0)
			continue;
		if (p[0].revents && !take_word(k))
			return 0;
		read_signals(k);
		reap(k);
	}
}

int rz_keep(const struct rz_keep *how)
{
	struct keeper k = {.keep = how};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, KEEPER_ENDED);
	sigprocmask(SIG_BLOCK, &set, NULL);
	k.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (k.signals < 0)
		return rz_err(-errno, "enter: cannot wait for signals: %s", strerror(errno));
	prctl(PR_SET_NAME, RZ_KEEP_KEEPER);
	return keep(&k);
}
