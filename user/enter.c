// SPDX-License-Identifier: Apache-2.0
/*
 * rezone-enter, the helper with CAP_SYS_ADMIN and CAP_SYS_PTRACE: it enters network namespaces and
 * sends FINs for the daemon, which has neither.
 *
 * Comes in: "parent=PID", "ports=9092,9093", and a socket and a pipe as descriptors 3 and 4, from
 * kern/enter_life.c, which is who starts it. Goes out: answers (kern/enter_form.h). It is three
 * processes (enter/keep.h): one answers, under a seccomp list; its keeper and a spare of the keeper
 * read no requests, and start it again. A request that is none ends the one that answers. All end
 * with the daemon.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pass.h"
#include "enter/act.h"
#include "enter/confine.h"
#include "enter/keep.h"

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
	       S_ISSOCK(st.st_mode) && !fstat(RZ_ENTER_HOLD_FD, &st) && S_ISFIFO(st.st_mode);
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

static int answer(const void *arg, pid_t keeper)
{
	const struct args *a = arg;
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

static void ended(pid_t pid)
{
	say(RZ_ENTER_ENDED, pid, -1);
}

int main(int argc, char **argv)
{
	struct args a = {};
	const struct rz_keep how = {.pipe = RZ_ENTER_HOLD_FD,
				    .answer = answer,
				    .ended = ended,
				    .arg = &a,
				    .again_ns = RZ_SECOND_NS};

	if (!read_args(argc, argv, &a)) {
		rz_err(-EINVAL, RZ_ENTER_PROGRAM ": `rezone run` starts this program, and nobody "
						 "else does");
		return 2;
	}
	rz_log_setup(RZ_LOG_TEXT, RZ_LOG_INFO);
	close_range(RZ_ENTER_HOLD_FD + 1, ~0U, 0);
	signal(SIGPIPE, SIG_IGN);
	/* sent to all processes of the unit or terminal: the daemon needs the helper until its own
	 * end, which ends this process */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	return rz_enter_confine(a.parent) || rz_keep(&how) ? 1 : 0;
}
