// SPDX-License-Identifier: Apache-2.0
/* The event loop, see loop.h. */
#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"

#define MAX_SOURCES 16

struct source {
	int fd;
	bool owned; /* timers and signals: closed with the loop */
	bool drain; /* timers: read empty before the call */
	rz_loop_fn fn;
	void *arg;
};

struct rz_loop {
	int epoll;
	struct source sources[MAX_SOURCES];
	int n;
	int signals; /* a signalfd */
	rz_signal_fn on_signal;
	void *signal_arg;
};

int rz_loop_new(struct rz_loop **ret)
{
	struct rz_loop *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		int err = -errno;

		free(l);
		return rz_err(err, "loop: epoll: %s", strerror(-err));
	}
	*ret = l;
	return 0;
}

void rz_loop_free(struct rz_loop *l)
{
	int i;

	if (!l)
		return;
	for (i = 0; i < l->n; i++)
		if (l->sources[i].owned && l->sources[i].fd >= 0)
			close(l->sources[i].fd);
	close(l->epoll);
	free(l);
}

/* A place that is free, or -1. */
static int free_place(const struct rz_loop *l)
{
	int i;

	for (i = 0; i < l->n; i++)
		if (l->sources[i].fd < 0)
			return i;
	return l->n < MAX_SOURCES ? l->n : -1;
}

static int add(struct rz_loop *l, struct source s)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int at = free_place(l);

	if (at < 0)
		return rz_err(-ENOSPC, "loop: more than %d sources", MAX_SOURCES);
	ev.data.ptr = &l->sources[at];
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, s.fd, &ev))
		return rz_err(-errno, "loop: cannot watch descriptor %d: %s", s.fd,
			      strerror(errno));
	l->sources[at] = s;
	l->n += at == l->n;
	return 0;
}

void rz_loop_remove(struct rz_loop *l, int fd)
{
	int i;

	for (i = 0; i < l->n; i++) {
		if (l->sources[i].fd != fd)
			continue;
		epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
		l->sources[i] = (struct source){.fd = -1};
	}
}

int rz_loop_add(struct rz_loop *l, int fd, rz_loop_fn fn, void *arg)
{
	return add(l, (struct source){.fd = fd, .fn = fn, .arg = arg});
}

static int add_owned(struct rz_loop *l, struct source s)
{
	int err;

	if (s.fd < 0)
		return rz_err(-errno, "loop: cannot make a descriptor: %s", strerror(errno));
	s.owned = true;
	err = add(l, s);
	if (err)
		close(s.fd);
	return err ? err : s.fd;
}

int rz_loop_add_timer(struct rz_loop *l, rz_loop_fn fn, void *arg)
{
	return add_owned(l, (struct source){.fd = timerfd_create(CLOCK_MONOTONIC,
								 TFD_CLOEXEC | TFD_NONBLOCK),
					    .drain = true,
					    .fn = fn,
					    .arg = arg});
}

int rz_loop_arm(int timer, uint64_t in_ns)
{
	struct itimerspec t = {};

	if (!in_ns)
		in_ns = 1; /* 0 would switch it off */
	t.it_value.tv_sec = in_ns / 1000000000ULL;
	t.it_value.tv_nsec = in_ns % 1000000000ULL;
	return timerfd_settime(timer, 0, &t, NULL) ? -errno : 0;
}

static sigset_t handled(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	return set;
}

int rz_signals_block(void)
{
	sigset_t set = handled();

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return sigprocmask(SIG_BLOCK, &set, NULL)
		       ? rz_err(-errno, "loop: cannot block signals: %s", strerror(errno))
		       : 0;
}

bool rz_signals_want_end(void)
{
	sigset_t set;

	return !sigpending(&set) &&
	       (sigismember(&set, SIGINT) == 1 || sigismember(&set, SIGTERM) == 1);
}

static int read_signals(void *arg)
{
	struct signalfd_siginfo si;
	struct rz_loop *l = arg;
	int ret = 0;

	while (!ret && read(l->signals, &si, sizeof(si)) == sizeof(si))
		ret = l->on_signal(l->signal_arg, &si);
	return ret;
}

int rz_loop_add_signals(struct rz_loop *l, rz_signal_fn fn, void *arg)
{
	sigset_t set = handled();

	l->on_signal = fn;
	l->signal_arg = arg;
	l->signals =
		add_owned(l, (struct source){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
					     .fn = read_signals,
					     .arg = l});
	return l->signals < 0 ? l->signals : 0;
}

static void drain(int fd)
{
	uint64_t rest;

	while (read(fd, &rest, sizeof(rest)) > 0)
		;
}

int rz_loop_run(struct rz_loop *l)
{
	struct epoll_event ev;
	struct source *s;
	int n, ret = 0;

	while (!ret) {
		n = epoll_wait(l->epoll, &ev, 1, -1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rz_err(-errno, "loop: epoll: %s", strerror(errno));
		s = ev.data.ptr;
		if (s->drain)
			drain(s->fd);
		ret = s->fn(s->arg);
	}
	return ret;
}
