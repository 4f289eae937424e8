// SPDX-License-Identifier: Apache-2.0
/*
 * What the daemon tells of rezone-enter: errors are counted, an event says that it does not answer
 * and that it does again, and the status has its state.
 *
 * Comes in: kern/enter.h, which also logs. Called by daemon/life.c.
 */
#include "daemon/daemon.h"

#include "kern/enter.h"

static void failed(void *arg, int error)
{
	const struct rz_daemon *d = arg;

	rz_tally_error(d->maps, RZ_PLACE_ENTER, error);
}

static void changed(void *arg, enum rz_helper state, const char *why)
{
	struct rz_daemon *d = arg;

	d->status.helper = state;
	rz_daemon_tell_all(d,
			   state == RZ_HELPER_ANSWERS ? RZ_EVENT_HELPER_BACK : RZ_EVENT_HELPER_DOWN,
			   NULL, "%s", why);
	/* the first census could not look into other network namespaces */
	if (state == RZ_HELPER_ANSWERS && d->census_ran && !d->census_whole)
		rz_loop_arm(d->census_timer, 1);
}

/* From now on. It was started before there were maps. */
void rz_daemon_helper_start(struct rz_daemon *d)
{
	const struct rz_enter_calls calls = {.failed = failed, .changed = changed, .arg = d};

	rz_enter_tell(&calls);
	if (rz_enter_state() != RZ_HELPER_ANSWERS)
		changed(d, rz_enter_state(),
			rz_enter_state() == RZ_HELPER_DOWN ? "is not ready yet"
							   : "could not be started");
}

void rz_daemon_helper_stop(void)
{
	rz_enter_tell(&(struct rz_enter_calls){});
}
