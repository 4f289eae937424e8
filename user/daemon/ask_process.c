// SPDX-License-Identifier: Apache-2.0
/*
 * The process that asks agents, as the daemon sees it: rezone-source with ask=1 (source/ask.h), and
 * the connections that it asks on.
 *
 * Comes in: the rows of ask_inside.h, with agents. Goes out: their answers, checked
 * (report/asking.h). It is started for a few agents and ended when they have answered, or after
 * PROCESS_NS, or when it says what it must not. The connections stay open for as long, whatever it
 * does. Called by ask.c.
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
#include "base/connect.h"
#include "base/forbidden.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pass.h"
#include "daemon/ask_inside.h"

#define PROCESS_NS (5 * RZ_SECOND_NS) /* its start, and a second for the agents */

void rz_daemon_ask_end(struct rz_daemon *d)
{
	struct rz_daemon_ask *a = d->ask;
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (a->rows[i].fd >= 0)
			close(a->rows[i].fd);
		a->rows[i].fd = -1;
	}
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
	if (a->pid > 0 && !kill(a->pid, SIGKILL)) {
		waitpid(a->pid, NULL, 0);
	} else if (a->pid > 0) {
		a->ending = a->pid;
		a->ending_ns = rz_now_ns();
	}
	a->pid = 0;
}

bool rz_daemon_ask_has_ended(struct rz_daemon *d)
{
	struct rz_daemon_ask *a = d->ask;

	if (a->ending && !waitpid(a->ending, NULL, WNOHANG))
		return false;
	a->ending = 0;
	a->told_ending = false;
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

static bool greeted(struct rz_daemon *d, const struct rz_report_hello *m, int *passed, char *why,
		    size_t size)
{
	struct rz_daemon_ask *a = d->ask;
	int err;

	rz_debug("ask: process %d: no rights, %s, forbidden system calls %s", (int)a->pid,
		 m->confined & RZ_CONFINED_MOUNTS ? "every mount read-only" : "mounts as they are",
		 *passed >= 0 ? "are counted" : "are not counted");
	if (*passed < 0)
		return true;
	if (!rz_pass_is(*passed, RZ_FORBIDDEN_LISTENER)) {
		snprintf(why, size, "a descriptor that is no seccomp listener");
		return false;
	}
	err = rz_loop_add(d->loop, *passed, on_call, d);
	if (err) {
		snprintf(why, size, "a seccomp listener that cannot be listened to: %s",
			 strerror(-err));
		return false;
	}
	a->calls_fd = *passed;
	*passed = -1;
	return true;
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
		return greeted(d, msg, passed, why, size);
	case RZ_REPORT_LOG:
		rz_log_fields((enum rz_log_level)line->level,
			      json_pack("{s:s}", "process", "network"), "%s", line->text);
		return true;
	case RZ_REPORT_ANSWER:
		a->rows[answer->number].error = answer->error;
		a->rows[answer->number].produce_max = answer->produce_max;
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
	/* what was sent to it and not read is lost with it: ECONNRESET (unix(7)) */
	if (!n || n == -ECONNRESET) {
		end(d, -ECHILD, "ended by itself");
		return 0;
	}
	if (n < 0) {
		end(d, -EBADMSG, "was ended: it sent what is no message");
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

/* The row of a connection that cannot be opened is answered with the error; the process does not
 * know of it. */
static void open_connections(struct rz_daemon_ask *a)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		struct rz_daemon_question *q = &a->rows[i];

		q->conn.since_ns = rz_now_ns();
		q->fd = rz_connect_begin(&q->conn.agent, &q->conn.local);
		if (q->fd >= 0)
			continue;
		q->error = q->fd;
		q->answered = true;
		a->talk.answered |= 1U << i;
	}
}

static int send_questions(struct rz_daemon_ask *a)
{
	int err = 0;
	size_t i;

	for (i = 0; i < a->n && !err; i++) {
		struct rz_report_ask m = {.head = rz_report_head(RZ_REPORT_ASK, sizeof(m)),
					  .number = (__u16)i};

		if (a->rows[i].fd >= 0)
			err = rz_pass_send(a->fd, &m, sizeof(m), a->rows[i].fd, MSG_DONTWAIT);
	}
	return err == -EPIPE ? 0 : err; /* it has ended: on_message() tells of that */
}

static int begin(struct rz_daemon *d)
{
	struct rz_daemon_ask *a = d->ask;
	int ends[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	err = start_process(d, ends[1]);
	close(ends[1]);
	a->fd = ends[0];
	if (!err)
		err = rz_loop_add(d->loop, a->fd, on_message, d);
	if (!err)
		err = send_questions(a);
	return err ? err : rz_loop_arm(a->timer, PROCESS_NS);
}

void rz_daemon_ask_run(struct rz_daemon *d, void (*finished)(struct rz_daemon *d))
{
	struct rz_daemon_ask *a = d->ask;
	int err;

	a->finished = finished;
	a->told_call = false;
	a->talk = (struct rz_asking){.n = (unsigned)a->n};
	open_connections(a);
	if (all_answered(a)) {
		finished(d);
		return;
	}
	err = begin(d);
	if (err)
		end(d, err, "cannot be started");
}
