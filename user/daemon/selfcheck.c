// SPDX-License-Identifier: Apache-2.0
/*
 * The self-check: is what rezone attached and pinned still attached and pinned?
 *
 * Comes in: facts (kern/attached.h). Goes out: a freeze with its reason while they are not as they
 * should be, and their repair where that is safe. Called by daemon/wake.c at start and each minute.
 */
#include "daemon/selfcheck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "daemon/daemon.h"
#include "kern/pins.h"

enum rz_freeze rz_attached_judge(const struct rz_attached *a, char *why, size_t size)
{
	if (!a->path_cgroup) {
		snprintf(why, size,
			 "the cgroup was removed: no connection is seen until it is "
			 "made again");
		return RZ_FREEZE_DETACHED;
	}
	if (a->path_cgroup != a->cgroup) {
		snprintf(why, size, "the cgroup was removed and made again");
		return RZ_FREEZE_DETACHED;
	}
	if (a->link_cgroup != a->cgroup) {
		snprintf(why, size, "the segment program was detached from the cgroup");
		return RZ_FREEZE_DETACHED;
	}
	if (a->other) {
		snprintf(why, size,
			 "another rezone's program (id %u) is attached to the same cgroup for the "
			 "same port: end that rezone, or detach its link (bpftool link list; "
			 "bpftool link detach id N)",
			 a->other);
		return RZ_FREEZE_RIVAL;
	}
	if (a->pins_lost) {
		snprintf(why, size,
			 "%u pins are gone, or a file system is mounted over them: no rezone "
			 "command finds this daemon",
			 a->pins_lost);
		return RZ_FREEZE_PINS;
	}
	return RZ_FREEZE_NONE;
}

/* The pin directory as it is now: made again if it is gone, and locked, or it is another daemon's.
 */
static int take_pin_dir(struct rz_daemon *d)
{
	const char *dir = d->conf.pin_dir;
	struct stat locked, named;
	int err = rz_pins_prepare(dir), lock;

	if (err)
		return err;
	if (!fstat(d->lock, &locked) && !stat(dir, &named) && locked.st_ino == named.st_ino &&
	    locked.st_dev == named.st_dev)
		return 0;
	lock = rz_pins_lock(dir);
	if (lock < 0)
		return lock;
	close(d->lock);
	d->lock = lock;
	return 0;
}

/* What was attached anew has not seen the segments in between; the census finds the connections. */
static int repair(struct rz_daemon *d, const struct rz_attached *a, enum rz_freeze f)
{
	int err = -EOPNOTSUPP;
	bool all;

	if (f == RZ_FREEZE_DETACHED && a->path_cgroup)
		err = rz_kern_attach_again(d->kern);
	if (!err && d->census)
		rz_census_run(d->census, d->kern, true, &all);
	if (f == RZ_FREEZE_PINS) {
		err = take_pin_dir(d);
		if (!err)
			err = rz_kern_pin_again(d->kern);
		rz_daemon_reload_pin_again(d);
	}
	return err;
}

static void set_freeze(struct rz_daemon *d, enum rz_freeze f, const char *why)
{
	d->attached_freeze = f;
	rz_str_copy(d->attached_why, sizeof(d->attached_why), why);
	rz_daemon_judge_topology(d); /* calls off what is under way */
}

uint64_t rz_daemon_selfcheck(struct rz_daemon *d)
{
	char why[RZ_SOURCE_NOTE] = "";
	struct rz_attached a;
	enum rz_freeze f;

	if (rz_kern_look(d->kern, &a))
		return rz_daemon_check_ns(d);
	d->counters.state_skipped = a.state_skipped;
	f = rz_attached_judge(&a, why, sizeof(why));
	if (f != d->attached_freeze || strcmp(why, d->attached_why))
		set_freeze(d, f, why);
	if (f && d->moves) /* what is under way is called off first */
		return RZ_SECOND_NS;
	if (f && !repair(d, &a, f) && !rz_kern_look(d->kern, &a)) {
		rz_log_fields(RZ_LOG_INFO, json_pack("{s:o}", "why", rz_json_printable(why)),
			      "attach: mended: %s", why);
		f = rz_attached_judge(&a, why, sizeof(why));
		set_freeze(d, f, why);
	}
	return rz_daemon_check_ns(d);
}
