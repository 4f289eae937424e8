// SPDX-License-Identifier: Apache-2.0
/*
 * System calls that the network process's list forbids.
 *
 * Comes in: the listener of its seccomp list, on which the kernel keeps each such call waiting.
 * Goes out: EPERM, for each of them; a count, and one line a second at most. What is counted is so
 * the daemon's own word: the process cannot make a call that is not told of.
 */
#include "daemon/reporter_inside.h"

#include <errno.h>
#include <unistd.h>

#include "base/forbidden.h"
#include "base/json.h"
#include "base/log.h"

/* The process waits, so it cannot make us busy: one call each time round the loop. */
int rz_reporter_on_call(void *arg)
{
	struct rz_reporter *r = arg;
	int err = rz_forbidden_answer(r->calls_fd, &r->forbidden_nr);

	if (err == -EAGAIN)
		return 0;
	if (err) {
		rz_loop_remove(r->loop, r->calls_fd);
		close(r->calls_fd);
		r->calls_fd = -1;
		return 0;
	}
	r->forbidden++;
	r->calls.failed(r->calls.arg, -EPERM);
	return 0;
}

void rz_reporter_count_calls(struct rz_reporter *r)
{
	if (r->forbidden)
		rz_log_fields(RZ_LOG_WARN,
			      json_pack("{s:I, s:i}", "calls", (json_int_t)r->forbidden, "call",
					r->forbidden_nr),
			      "source: the network process made %llu system calls that are not on "
			      "its list, the latest number %d: refused with EPERM; please report "
			      "this",
			      (unsigned long long)r->forbidden, r->forbidden_nr);
	r->forbidden = 0;
}
