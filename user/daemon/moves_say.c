// SPDX-License-Identifier: Apache-2.0
/* What became of a move, in words: text of the events of moves (docs/events.md). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"
#include "policy/reason.h"

static const char *result_word(const struct rz_job *j)
{
	switch (j->error) {
	case -ENOENT:
		return j->caught ? "it was already gone; its client's next connection is waited for"
				 : "not reset: it was already gone";
	case -ESTALE:
		return "not reset: it had changed its client or state";
	case -EPROTO:
		return "not reset: Multipath TCP";
	case -ENOTCONN:
		return "not reset: no agent holds it (closed, or not accepted yet)";
	case -ECANCELED:
		return "called off: the topology changed, or nobody is moved now";
	case -ESRCH:
		return "not ended: the process that holds it is not to be found (hostPID)";
	case -EPERM:
	case -EACCES:
		return "not ended: the agent's descriptor cannot be had (CAP_SYS_PTRACE)";
	case -EOWNERDEAD:
		return "not closed: rezone-enter, which enters its network namespace, does not "
		       "answer";
	case -ENOBUFS:
		return "not reset: its responses cannot be followed";
	case -E2BIG:
		return "not reset: map moves is full; order it again in some seconds "
		       "(--max-connections)";
	default:
		return strerror(-j->error);
	}
}

/* Why a move was given up, beside the condition that was not met. */
static void say_given_up(const struct rz_job *j, double waited_ms, char *dst, size_t size)
{
	const char *why = rz_check_text(j->check);

	if (j->check == RZ_CHECK_SILENT)
		snprintf(dst, size,
			 "let go: nothing was asked for %.0f ms, so that nobody can tell whether "
			 "all is answered%s",
			 waited_ms,
			 j->caught     ? "; its client's next connection is waited for"
			 : j->listened ? "; its next request is listened for"
				       : "");
	else if (j->check == RZ_CHECK_PROBED)
		snprintf(dst, size, "let go after %.0f ms, %u segments held back: %s", waited_ms,
			 j->seen.held, why);
	else if (rz_plan_gap_only(&j->c.plan))
		snprintf(dst, size,
			 "let go: no gap in %.0f ms, and its library must not be held: %s",
			 waited_ms, why);
	else
		snprintf(dst, size, "let go after %.0f ms, %u segments held back: %s", waited_ms,
			 j->seen.held, why);
}

void rz_daemon_moves_say(const struct rz_job *j, char *dst, size_t size)
{
	double waited_ms = (double)(j->ended_ns - j->wait.begun_ns) / 1e6;
	double held_ms = (double)(j->ended_ns - j->wait.held_ns) / 1e6;
	const char *ended = j->c.plan.close == RZ_CLOSE_FIN ? "closed" : "reset";

	if (!j->error && rz_job_was_held(j))
		snprintf(dst, size, "%s after a hold of %.0f ms, %u segments held back", ended,
			 held_ms, j->seen.held);
	else if (!j->error && j->gap)
		snprintf(dst, size, "%s in a gap, after %.0f ms", ended, waited_ms);
	else if (!j->error)
		snprintf(dst, size, "%s", ended);
	else if (j->error == -ETIMEDOUT)
		say_given_up(j, waited_ms, dst, size);
	else if (j->error == -ESTALE) /* of many conditions */
		snprintf(dst, size, "%s: %s", result_word(j), rz_check_text(j->check));
	else
		snprintf(dst, size, "%s", result_word(j));
}
