// SPDX-License-Identifier: Apache-2.0
/*
 * The life of rezone-enter, see enter.h.
 *
 * It is started once: this process gives up the capabilities that the helper keeps, so it could not
 * start it again. The helper's own processes do that (enter/keep.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/forbidden.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pass.h"
#include "kern/enter_inside.h"

#define STOP_MS 1000 /* for its processes to end */

struct rz_enter_helper rz_enter_it = {
	.fd = -1, .pipe = -1, .calls_fd = -1, .state = RZ_HELPER_GONE};

static void failed(int error)
{
	if (rz_enter_it.calls.failed)
		rz_enter_it.calls.failed(rz_enter_it.calls.arg, error);
}

static void change(enum rz_helper state, const char *why)
{
	rz_enter_it.state = state;
	if (rz_enter_it.calls.changed)
		rz_enter_it.calls.changed(rz_enter_it.calls.arg, state, why);
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* It does not answer: until it says that it does, or for good. */
static void is_down(enum rz_helper state, int error, const char *why)
{
	bool for_good;

	close_one(&rz_enter_it.calls_fd);
	if (rz_enter_it.state >= state)
		return;
	for_good = state == RZ_HELPER_GONE;
	rz_log_fields(RZ_LOG_WARN,
		      json_pack("{s:s, s:o, s:o, s:b}", "process", "enter", "why",
				rz_json_printable(why), "error", rz_json_error(error), "for_good",
				for_good),
		      "enter: " RZ_ENTER_PROGRAM " %s; %s, connections in other network namespaces "
		      "stay, and none is closed by a FIN",
		      why, for_good ? "until the daemon is restarted" : "until it is back");
	failed(error);
	change(state, why);
}

static void reap_keeper(void)
{
	if (rz_enter_it.keeper > 0 && waitpid(rz_enter_it.keeper, NULL, WNOHANG) != 0)
		rz_enter_it.keeper = 0;
}

static void end_keeper(void)
{
	if (rz_enter_it.keeper > 0 && !kill(rz_enter_it.keeper, SIGKILL))
		waitpid(rz_enter_it.keeper, NULL, 0);
	rz_enter_it.keeper = 0;
}

/* The process that answers, its keeper and the spare have all ended. */
static void is_gone(void)
{
	end_keeper();
	close_one(&rz_enter_it.fd);
	close_one(&rz_enter_it.pipe);
	is_down(RZ_HELPER_GONE, -ECHILD, "has ended, its keeper and the spare with it");
}

void rz_enter_give_up(int error, const char *what)
{
	is_down(RZ_HELPER_DOWN, error, what);
	if (rz_enter_it.pipe >= 0 && write(rz_enter_it.pipe, "", 1) < 0)
		rz_debug("enter: its keeper does not read: %s", strerror(errno));
}

void rz_enter_forbid(void)
{
	int err = rz_forbidden_answer(rz_enter_it.calls_fd, &rz_enter_it.forbidden_nr);

	if (err && err != -EAGAIN)
		close_one(&rz_enter_it.calls_fd);
	if (err)
		return;
	rz_enter_it.forbidden++;
	failed(-EPERM);
}

static void is_ready(const struct rz_enter_answer *a, int *passed)
{
	bool was_down = rz_enter_it.state == RZ_HELPER_DOWN;
	char what[64];

	close_one(&rz_enter_it.calls_fd);
	if (*passed >= 0 && rz_pass_is(*passed, RZ_FORBIDDEN_LISTENER)) {
		rz_enter_it.calls_fd = *passed;
		*passed = -1;
	}
	rz_debug("enter: process %u of " RZ_ENTER_PROGRAM " is ready, forbidden system calls %s",
		 a->value, rz_enter_it.calls_fd >= 0 ? "are counted" : "are not counted");
	snprintf(what, sizeof(what), "process %u answers", a->value);
	if (was_down)
		rz_info("enter: " RZ_ENTER_PROGRAM " is back: %s", what);
	change(RZ_HELPER_ANSWERS, what);
}

/* What it says unasked. */
static void take_word(const struct rz_enter_answer *a, int *passed)
{
	char why[64];

	if (a->head.kind == RZ_ENTER_HELLO) {
		is_ready(a, passed);
	} else if (a->head.kind == RZ_ENTER_ENDED) {
		snprintf(why, sizeof(why), "process %u has ended", a->value);
		is_down(RZ_HELPER_DOWN, -ECHILD, why);
	}
}

int rz_enter_receive(uint32_t seq, struct rz_enter_answer *a, int *ret_fd)
{
	int passed;
	ssize_t n;

	*ret_fd = -1;
	while (rz_enter_it.fd >= 0) {
		n = rz_pass_receive(rz_enter_it.fd, a, sizeof(*a), &passed);
		if (n == -EAGAIN)
			break;
		if (n <= 0 && n != -EMSGSIZE && n != -EPROTO) {
			is_gone();
			break;
		}
		if (n <= 0 || !rz_enter_form_answer(a, (size_t)n, passed >= 0)) {
			if (passed >= 0)
				close(passed);
			rz_enter_give_up(-EBADMSG, "sent what is no answer");
			break;
		}
		if (seq && a->head.seq == seq && rz_enter_it.state == RZ_HELPER_ANSWERS) {
			*ret_fd = passed;
			return 1;
		}
		if (!a->head.seq)
			take_word(a, &passed);
		if (passed >= 0)
			close(passed);
	}
	return rz_enter_it.state == RZ_HELPER_ANSWERS ? 0 : -EOWNERDEAD;
}

void rz_enter_look(void)
{
	static struct rz_enter_answer a;
	struct pollfd call = {.fd = rz_enter_it.calls_fd, .events = POLLIN};
	int fd = -1;

	rz_enter_receive(0, &a, &fd);
	reap_keeper();
	if (rz_enter_it.calls_fd >= 0 && poll(&call, 1, 0) > 0)
		rz_enter_forbid();
	if (rz_enter_it.forbidden)
		rz_log_fields(RZ_LOG_WARN,
			      json_pack("{s:s, s:I, s:i}", "process", "enter", "calls",
					(json_int_t)rz_enter_it.forbidden, "call",
					rz_enter_it.forbidden_nr),
			      "enter: " RZ_ENTER_PROGRAM " made %llu system calls that are not on "
			      "its list, the latest number %d: refused with EPERM; please report "
			      "this",
			      (unsigned long long)rz_enter_it.forbidden, rz_enter_it.forbidden_nr);
	rz_enter_it.forbidden = 0;
}

void rz_enter_tell(const struct rz_enter_calls *calls)
{
	rz_enter_it.calls = *calls;
}

enum rz_helper rz_enter_state(void)
{
	return rz_enter_it.state;
}

/* ---- its start and its end ---- */

/* "ports=9092,9093" */
static void name_ports(char *dst, size_t size, const uint16_t *ports, size_t n)
{
	size_t i, used = (size_t)snprintf(dst, size, "ports=");

	for (i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(dst + used, size - used, "%s%u", i ? "," : "", ports[i]);
}

/* Starts its processes; keeps this process's ends of a socket and of a pipe. */
static int start(char *const argv[])
{
	int sockets[2], pipes[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	rz_enter_it.fd = sockets[0];
	err = pipe2(pipes, O_CLOEXEC | O_NONBLOCK) ? -errno : 0;
	if (!err) {
		const int its[2] = {sockets[1], pipes[0]};

		rz_enter_it.pipe = pipes[1];
		err = rz_child_start(argv, (char *[]){NULL}, its, 2, &rz_enter_it.keeper);
		close(pipes[0]);
	}
	close(sockets[1]);
	if (err)
		rz_enter_it.keeper = 0;
	return err;
}

/* Until it says that it is ready. */
static int wait_for_it(void)
{
	uint64_t deadline_ns = rz_now_ns() + RZ_ENTER_WAIT_NS;
	static struct rz_enter_answer a;
	struct pollfd p;
	int fd = -1;

	while (rz_enter_it.fd >= 0 && rz_now_ns() < deadline_ns) {
		if (!rz_enter_receive(0, &a, &fd))
			return 0;
		p = (struct pollfd){.fd = rz_enter_it.fd, .events = POLLIN};
		poll(&p, 1, 100);
	}
	return rz_enter_it.fd < 0 ? -ECHILD : -ETIMEDOUT;
}

int rz_enter_begin(const uint16_t *ports, size_t n_ports)
{
	char named[RZ_PORTS_MAX * 6 + 16], parent[32];
	char *argv[] = {(char *)RZ_ENTER_PROGRAM, parent, named, NULL};

	name_ports(named, sizeof(named), ports, n_ports);
	snprintf(parent, sizeof(parent), "parent=%d", (int)getpid());
	return start(argv);
}

int rz_enter_wait(int err)
{
	if (!err)
		err = wait_for_it();
	if (!err)
		return 0;
	if (err == -ETIMEDOUT) {
		rz_enter_it.state = RZ_HELPER_DOWN;
		return rz_err(err,
			      "enter: " RZ_ENTER_PROGRAM " is not ready after %llu s; until it is, "
			      "connections in other network namespaces stay, and none is closed by "
			      "a FIN",
			      RZ_ENTER_WAIT_NS / RZ_SECOND_NS);
	}
	rz_enter_stop();
	return rz_err(err,
		      "enter: cannot start " RZ_ENTER_PROGRAM " from this program's folder: %s; "
		      "install it there; connections in other network namespaces stay, and none is "
		      "closed by a FIN",
		      strerror(-err));
}

int rz_enter_start(const uint16_t *ports, size_t n_ports)
{
	return rz_enter_wait(rz_enter_begin(ports, n_ports));
}

void rz_enter_adopt(int fd)
{
	static struct rz_enter_answer a;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int none;

	rz_enter_it.fd = fd;
	poll(&p, 1, (int)(RZ_ENTER_WAIT_NS / 1000000));
	rz_enter_receive(0, &a, &none);
}

/* They end by the pipe; the first keeper, which is our child, also if it is stopped. None is left
 * when this process ends, unless it is stopped or hangs in the kernel. */
void rz_enter_stop(void)
{
	struct pollfd p = {.fd = rz_enter_it.fd};
	bool is_ours = rz_enter_it.pipe >= 0;

	close_one(&rz_enter_it.pipe);
	close_one(&rz_enter_it.calls_fd);
	end_keeper();
	if (is_ours)
		poll(&p, 1, STOP_MS); /* until nobody has the other end */
	close_one(&rz_enter_it.fd);
	rz_enter_it.state = RZ_HELPER_GONE;
}
