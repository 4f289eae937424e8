// SPDX-License-Identifier: Apache-2.0
/*
 * rezone-enter, the helper with CAP_SYS_ADMIN and CAP_SYS_PTRACE: it enters network namespaces and
 * sends FINs for the daemon, which has neither.
 *
 * Comes in: "parent=PID", "ports=9092,9093", and a socket as descriptor 3, from kern/enter_life.c,
 * which is who starts it. Goes out: answers (kern/enter_form.h). It is two processes. The keeper
 * reads nothing; it starts the one that answers, and starts it again when that has ended: the
 * daemon could not, for lack of these capabilities. The one that answers is under a seccomp list.
 * A request that is none ends it. Both end with the daemon.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pass.h"
#include "enter/act.h"
#include "enter/confine.h"

#define AGAIN_MAX_S 60

struct args {
	pid_t parent;
	struct rz_enter_ports ports;
};

static bool read_ports(const char *text, struct rz_enter_ports *ret)
{
	char *end;
	unsigned long port;

	do {
		port = strtoul(text, &end, 10);
		if (end == text || port < 1 || port > UINT16_MAX || ret->n == RZ_PORTS_MAX)
			return false;
		ret->ports[ret->n++] = (uint16_t)port;
		text = end + 1;
	} while (*end == ',');
	return !*end;
}

static bool read_args(int argc, char **argv, struct args *a)
{
	struct stat st;

	if (argc != 3 || strncmp(argv[1], "parent=", 7) || strncmp(argv[2], "ports=", 6))
		return false;
	a->parent = (pid_t)strtol(argv[1] + 7, NULL, 10);
	return a->parent > 0 && read_ports(argv[2] + 6, &a->ports) && !fstat(RZ_ENTER_FD, &st) &&
	       S_ISSOCK(st.st_mode);
}

/* Unasked: it is there, or has ended. */
static int say(enum rz_enter_kind kind, pid_t pid, int passed)
{
	size_t bytes = rz_enter_form_answer_bytes(kind, 0);
	struct rz_enter_answer a = {.head = {RZ_ENTER_MAGIC, kind, (__u32)bytes, 0},
				    .value = (__u32)pid};

	return rz_pass_send(RZ_ENTER_FD, &a, bytes, passed,
			    kind == RZ_ENTER_ENDED ? MSG_DONTWAIT : 0);
}

/* Its exit status: 0 if the daemon is gone. */
static int answer(const struct args *a, pid_t keeper)
{
	pid_t own = getpid(); /* a call that is on no list, and nobody would answer it yet */
	int calls, err = rz_enter_confine(keeper);

	if (!err)
		err = rz_enter_forbid_calls(&calls);
	if (!err)
		err = say(RZ_ENTER_HELLO, own, calls);
	if (err)
		return 1;
	if (calls >= 0)
		close(calls); /* who has it could permit calls */
	return rz_enter_act(RZ_ENTER_FD, &a->ports) ? 1 : 0;
}

static volatile sig_atomic_t answering; /* the process that answers; 0: none */

/* The daemon has no use for that process any more. */
static void on_usr1(int signo)
{
	(void)signo;
	if (answering > 0)
		kill((pid_t)answering, SIGKILL);
}

static pid_t start(const struct args *a)
{
	pid_t keeper = getpid(), pid = fork();

	if (!pid) {
		signal(SIGUSR1, SIG_DFL);
		_exit(answer(a, keeper));
	}
	return pid;
}

/* Starts it, again and again; later each time, if it does not last. */
static int keep(const struct args *a)
{
	unsigned wait_s = 1;
	uint64_t begun_ns;
	int status;
	pid_t pid;

	for (;;) {
		begun_ns = rz_now_ns();
		pid = start(a);
		if (pid < 0)
			return rz_err(-errno, "enter: cannot fork: %s", strerror(errno));
		answering = pid;
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		answering = 0;
		if (WIFEXITED(status) && !WEXITSTATUS(status))
			return 0;
		if (say(RZ_ENTER_ENDED, pid, -1) == -EPIPE)
			return 0;
		if (rz_now_ns() - begun_ns > AGAIN_MAX_S * RZ_SECOND_NS)
			wait_s = 1;
		nanosleep(&(struct timespec){.tv_sec = wait_s}, NULL);
		wait_s = wait_s * 2 < AGAIN_MAX_S ? wait_s * 2 : AGAIN_MAX_S;
	}
}

int main(int argc, char **argv)
{
	struct sigaction usr1 = {.sa_handler = on_usr1};
	struct args a = {};

	if (!read_args(argc, argv, &a)) {
		rz_err(-EINVAL, RZ_ENTER_PROGRAM ": `rezone run` starts this program, and nobody "
						 "else does");
		return 2;
	}
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	close_range(RZ_ENTER_FD + 1, ~0U, 0);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGUSR1, &usr1, NULL);
	return rz_enter_confine(a.parent) || keep(&a) ? 1 : 0;
}
