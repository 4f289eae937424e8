// SPDX-License-Identifier: Apache-2.0
/*
 * Listening to connections on which no request came while their move waited (move/listen.h).
 *
 * Comes in: what each tick says of them; the operator's pause, freezes, settings. Goes out: who is
 * not listened to any more, also to the policy. Nobody is closed by it: their next request makes
 * them candidates, and they are moved like any other. Called by daemon/tick.c, reload.c, life.c,
 * and every second by wake.c. All listening and the waiting for next connections (catch.c) end
 * together.
 */
#include "daemon/daemon.h"

#include "kern/watch.h"

void rz_daemon_listen_judge(struct rz_daemon *d, const struct rz_rows *rows)
{
	size_t i = d->listening.n;

	while (i--) {
		uint64_t cookie = d->listening.rows[i].cookie;

		if (!rz_rows_find(rows, cookie))
			rz_listening_end(&d->listening, cookie);
	}
}

void rz_daemon_listen_stop(struct rz_daemon *d)
{
	rz_daemon_catch_stop(d);
	if (!d->listening.n)
		return;
	d->listening.n = 0;
	rz_select_listen_no_more(d->select);
	if (!d->moves)
		rz_kern_watch_no_more(d->kern, NULL, 0);
}

void rz_daemon_look_at_listening(struct rz_daemon *d)
{
	if (d->status.frozen || rz_daemon_is_paused(d) || d->conf.mode == RZ_MODE_OBSERVE)
		rz_daemon_listen_stop(d);
	rz_daemon_catch_judge_again(d);
	rz_listening_end_old(&d->listening, rz_now_ns());
}
