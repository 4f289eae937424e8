// SPDX-License-Identifier: Apache-2.0
/*
 * The life of rezone-enter, see enter.h.
 *
 * It is started once: this process gives up the capabilities that the helper keeps, so it could not
 * start it again. The helper is two processes: one that answers, and its keeper, which reads
 * nothing and starts it again when it ends (user/enter.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/clock.h"
#include "base/forbidden.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pass.h"
#include "kern/enter_inside.h"

struct rz_enter_helper rz_enter_it = {.fd = -1, .calls_fd = -1};

static void failed(int error)
{
	if (rz_enter_it.failed)
		rz_enter_it.failed(rz_enter_it.failed_arg, error);
}

static void close_calls(void)
{
	if (rz_enter_it.calls_fd >= 0)
		close(rz_enter_it.calls_fd);
	rz_enter_it.calls_fd = -1;
}

/* It is not there, until it says that it is. */
static void is_down(int error, const char *why, bool for_good)
{
	bool was = rz_enter_it.ready;

	rz_enter_it.ready = false;
	close_calls();
	if (!was)
		return;
	rz_log_fields(RZ_LOG_WARN,
		      json_pack("{s:s, s:o, s:o, s:b}", "process", "enter", "why",
				rz_json_printable(why), "error", rz_json_error(error), "for_good",
				for_good),
		      "enter: " RZ_ENTER_PROGRAM " %s; %s, connections in other network namespaces "
		      "stay, and none is closed by a FIN",
		      why, for_good ? "until the daemon is restarted" : "until it is back");
	failed(error);
}

/* Both of its processes have ended, or nobody can talk with them any more. */
static void is_gone(void)
{
	int status = 0;

	if (rz_enter_it.keeper > 0) {
		kill(rz_enter_it.keeper, SIGKILL);
		waitpid(rz_enter_it.keeper, &status, 0);
	}
	rz_enter_it.keeper = 0;
	close(rz_enter_it.fd);
	rz_enter_it.fd = -1;
	is_down(-ECHILD, "has ended, and its keeper with it", true);
}

void rz_enter_give_up(int error, const char *what)
{
	is_down(error, what, false);
	if (rz_enter_it.keeper > 0)
		kill(rz_enter_it.keeper, SIGUSR1);
}

void rz_enter_forbid(void)
{
	int err = rz_forbidden_answer(rz_enter_it.calls_fd, &rz_enter_it.forbidden_nr);

	if (err && err != -EAGAIN)
		close_calls();
	if (err)
		return;
	rz_enter_it.forbidden++;
	failed(-EPERM);
}

static void is_ready(const struct rz_enter_answer *a, int *passed)
{
	close_calls();
	if (*passed >= 0 && rz_pass_is(*passed, RZ_FORBIDDEN_LISTENER)) {
		rz_enter_it.calls_fd = *passed;
		*passed = -1;
	}
	rz_debug("enter: process %u of " RZ_ENTER_PROGRAM " is ready, forbidden system calls %s",
		 a->value, rz_enter_it.calls_fd >= 0 ? "are counted" : "are not counted");
	rz_enter_it.ready = true;
}

/* What it says unasked. */
static void take_word(const struct rz_enter_answer *a, int *passed)
{
	char why[64];

	if (a->head.kind == RZ_ENTER_HELLO) {
		is_ready(a, passed);
	} else if (a->head.kind == RZ_ENTER_ENDED) {
		snprintf(why, sizeof(why), "process %u has ended", a->value);
		is_down(-ECHILD, why, false);
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
		if (seq && a->head.seq == seq && rz_enter_it.ready) {
			*ret_fd = passed;
			return 1;
		}
		if (!a->head.seq)
			take_word(a, &passed);
		if (passed >= 0)
			close(passed);
	}
	return rz_enter_it.ready ? 0 : -EOWNERDEAD;
}

void rz_enter_look(void)
{
	static struct rz_enter_answer a;
	struct pollfd call = {.fd = rz_enter_it.calls_fd, .events = POLLIN};
	int fd = -1;

	rz_enter_receive(0, &a, &fd);
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

void rz_enter_on_failed(rz_enter_failed_fn fn, void *arg)
{
	rz_enter_it.failed = fn;
	rz_enter_it.failed_arg = arg;
}

/* ---- its start and its end ---- */

/* "ports=9092,9093" */
static void name_ports(char *dst, size_t size, const uint16_t *ports, size_t n)
{
	size_t i, used = (size_t)snprintf(dst, size, "ports=");

	for (i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(dst + used, size - used, "%s%u", i ? "," : "", ports[i]);
}

/* Signals that this process waits for in its own way come to it as usual. stderr is this process's,
 * for the line that says why it cannot begin. */
static int spawn(char *const argv[], int end, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	char path[4096];
	sigset_t none;
	int err = rz_path_beside(RZ_ENTER_PROGRAM, path, sizeof(path));

	if (err)
		return err;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, end, RZ_ENTER_FD);
	err = posix_spawn(ret, path, &files, &attr, argv, NULL);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return -err;
}

/* Two ends: ours, and one whose number is not the one that it gets in the process. */
static int make_ends(int ends[2])
{
	int moved;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	moved = fcntl(ends[1], F_DUPFD_CLOEXEC, RZ_ENTER_FD + 1);
	close(ends[1]);
	ends[1] = moved;
	if (moved >= 0)
		return 0;
	close(ends[0]);
	return -errno;
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
	int ends[2], err = make_ends(ends);

	if (err)
		return err;
	name_ports(named, sizeof(named), ports, n_ports);
	snprintf(parent, sizeof(parent), "parent=%d", (int)getpid());
	err = spawn(argv, ends[1], &rz_enter_it.keeper);
	close(ends[1]);
	if (err) {
		rz_enter_it.keeper = 0;
		close(ends[0]);
	} else {
		rz_enter_it.fd = ends[0];
	}
	return err;
}

int rz_enter_wait(int err)
{
	if (!err)
		err = wait_for_it();
	if (!err)
		return 0;
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

void rz_enter_stop(void)
{
	if (rz_enter_it.fd >= 0)
		close(rz_enter_it.fd);
	rz_enter_it.fd = -1;
	rz_enter_it.ready = false;
	close_calls();
	if (rz_enter_it.keeper > 0) {
		kill(rz_enter_it.keeper, SIGKILL);
		waitpid(rz_enter_it.keeper, NULL, 0);
	}
	rz_enter_it.keeper = 0;
}
