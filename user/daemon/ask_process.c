// SPDX-License-Identifier: Apache-2.0
/*
 * The process that asks agents, as the daemon sees it: rezone-source with ask=1 (source/ask.h).
 *
 * Comes in: the rows of ask_inside.h, with agents. Goes out: their answers, checked
 * (report/asking.h). It is started for a few agents and ended when they have answered, or after
 * PROCESS_NS, or when it says what it must not. Called by ask.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/child.h"
#include "base/forbidden.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pass.h"
#include "daemon/ask_inside.h"

#define PROCESS_NS (5 * RZ_SECOND_NS) /* its start, and a second for the agents */

void rz_daemon_ask_end(struct rz_daemon *d)
{
	struct rz_daemon_ask *a = d->ask;

	if (a->fd >= 0) {
		rz_loop_remove(d->loop, a->fd);
		close(a->fd);
	}
	if (a->calls_fd >= 0) {
		rz_loop_remove(d->loop, a->calls_fd);
		close(a->calls_fd);
	}
	a->fd = a->calls_fd = -1;
	/* without CAP_KILL: its socket is closed, which is what it ends by */
	if (a->pid > 0 && !kill(a->pid, SIGKILL))
		waitpid(a->pid, NULL, 0);
	else if (a->pid > 0)
		a->ending = a->pid;
	a->pid = 0;
}

bool rz_daemon_ask_has_ended(struct rz_daemon *d)
{
	struct rz_daemon_ask *a = d->ask;

	if (a->ending && !waitpid(a->ending, NULL, WNOHANG))
		return false;
	a->ending = 0;
	return !a->pid;
}

/* What went wrong with the process itself. */
static void end(struct rz_daemon *d, int error, const char *why)
{
	rz_tally_error(d->maps, RZ_PLACE_SOURCE, error);
	rz_log_fields(RZ_LOG_WARN,
		      json_pack("{s:o, s:o}", "why", rz_json_printable(why), "error",
				rz_json_error(error)),
		      "ask: the process that asks agents %s", why);
	d->ask->finished(d);
}

/* ---- what it says ---- */

static int on_call(void *arg)
{
	struct rz_daemon *d = arg;
	struct rz_daemon_ask *a = d->ask;
	int nr = 0, err = rz_forbidden_answer(a->calls_fd, &nr);

	if (err == -EAGAIN)
		return 0;
	if (!err) {
		rz_tally_error(d->maps, RZ_PLACE_SOURCE, -EPERM);
		if (!a->told_call)
			rz_log_fields(RZ_LOG_WARN, json_pack("{s:i}", "call", nr),
				      "ask: the process that asks agents made system call %d, "
				      "which is not "
				      "on its list: refused with EPERM; please report this",
				      nr);
		a->told_call = true;
		return 0;
	}
	rz_loop_remove(d->loop, a->calls_fd);
	close(a->calls_fd);
	a->calls_fd = -1;
	return 0;
}

static bool take_listener(struct rz_daemon *d, int *passed)
{
	struct rz_daemon_ask *a = d->ask;

	if (*passed < 0)
		return true;
	if (!rz_pass_is(*passed, RZ_FORBIDDEN_LISTENER))
		return false;
	a->calls_fd = *passed;
	*passed = -1;
	return !rz_loop_add(d->loop, a->calls_fd, on_call, d);
}

/* False, with a line in `why`: it is to be ended. */
static bool take(struct rz_daemon *d, const void *msg, size_t len, int *passed, char *why,
		 size_t size)
{
	struct rz_daemon_ask *a = d->ask;
	const struct rz_report_answer *answer = msg;
	const struct rz_report_log *line = msg;

	switch (rz_asking_take(&a->talk, msg, len, *passed >= 0, why, size)) {
	case RZ_REPORT_HELLO:
		if (take_listener(d, passed))
			return true;
		snprintf(why, size, "a descriptor that is no seccomp listener");
		return false;
	case RZ_REPORT_LOG:
		rz_log_fields((enum rz_log_level)line->level,
			      json_pack("{s:s}", "process", "network"), "%s", line->text);
		return true;
	case RZ_REPORT_ANSWER:
		a->rows[answer->number].answer = *answer;
		a->rows[answer->number].answered = true;
		return true;
	default:
		return false;
	}
}

static bool all_answered(const struct rz_daemon_ask *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (!a->rows[i].answered)
			return false;
	return true;
}

static int on_message(void *arg)
{
	struct rz_daemon *d = arg;
	struct rz_daemon_ask *a = d->ask;
	union {
		struct rz_report_head head;
		struct rz_report_log longest;
	} m;
	char why[160], text[224];
	int passed = -1;
	ssize_t n = rz_pass_receive(a->fd, &m, sizeof(m), &passed);
	bool fine;

	if (n == -EAGAIN)
		return 0;
	if (n <= 0) {
		end(d, n ? (int)n : -ECHILD, n ? "sent what is no message" : "ended by itself");
		return 0;
	}
	fine = take(d, &m, (size_t)n, &passed, why, sizeof(why));
	if (passed >= 0)
		close(passed);
	if (!fine) {
		snprintf(text, sizeof(text), "was ended: it sent %s", why);
		end(d, -EBADMSG, text);
	} else if (all_answered(a)) {
		a->finished(d);
	}
	return 0;
}

int rz_daemon_ask_late(void *arg)
{
	struct rz_daemon *d = arg;

	if (d->ask->pid)
		end(d, -ETIMEDOUT, "was ended: it did not answer in time");
	return 0;
}

/* ---- its start ---- */

static int start_process(struct rz_daemon *d, int end)
{
	char uid[32], parent[32], level[32], program[] = RZ_SOURCE_PROGRAM, ask[] = "ask=1";
	char *argv[] = {program, uid, parent, level, ask, NULL};

	snprintf(uid, sizeof(uid), "uid=%u", d->conf.source_uid);
	snprintf(parent, sizeof(parent), "parent=%d", (int)getpid());
	snprintf(level, sizeof(level), "log_level=%d", (int)d->conf.log_level);
	return rz_child_start(argv, environ, &end, 1, &d->ask->pid);
}

static int send_questions(struct rz_daemon_ask *a)
{
	int err = 0;
	size_t i;

	for (i = 0; i < a->n && !err; i++) {
		struct rz_report_ask m = {.head = rz_report_head(RZ_REPORT_ASK, sizeof(m)),
					  .port = a->rows[i].at.port,
					  .number = (__u16)i};

		memcpy(m.addr, a->rows[i].at.addr, sizeof(m.addr));
		err = rz_pass_send(a->fd, &m, sizeof(m), -1, MSG_DONTWAIT);
	}
	return err;
}

void rz_daemon_ask_run(struct rz_daemon *d, void (*finished)(struct rz_daemon *d))
{
	struct rz_daemon_ask *a = d->ask;
	int ends[2], err;

	a->finished = finished;
	a->told_call = false;
	a->talk = (struct rz_asking){.n = (unsigned)a->n};
	err = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) ? -errno : 0;
	if (!err) {
		err = start_process(d, ends[1]);
		close(ends[1]);
		a->fd = ends[0];
		if (!err)
			err = rz_loop_add(d->loop, a->fd, on_message, d);
		if (!err)
			err = send_questions(a);
	}
	if (!err)
		err = rz_loop_arm(a->timer, PROCESS_NS);
	if (err)
		end(d, err, "cannot be started");
}
