// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone pause` and `rezone resume`: nobody is moved until the operator says so.
 *
 * Comes in: the command line. Goes out: the pause (kern/pause.h), which a daemon sees within a
 * second, and one that is started later as well. Each change becomes an event of that daemon's.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "cmd/who.h"
#include "kern/snapshot.h"
#include "kern/pause.h"
#include "out/pause.h"

#define SEEN_EVERY_MS 50
#define SEEN_TRIES    60 /* the daemon looks every second */

struct ask {
	struct rz_ask common; /* first */
	const char *why, *by;
	uint64_t for_ns;
	bool replace;
};

static void take_for(struct argp_state *state, char *arg, void *input)
{
	struct ask *a = input;

	if (rz_duration_parse(arg, &a->for_ns) || !a->for_ns)
		argp_error(state, "--for %s: give a duration above 0, as 30m or 2h", arg);
}

static void take_reason(struct argp_state *state, char *arg, void *input)
{
	struct ask *a = input;

	if (strlen(arg) >= RZ_PAUSE_TEXT)
		argp_error(state, "--reason: give at most %d bytes", RZ_PAUSE_TEXT - 1);
	a->why = arg;
}

#define OPTION_BY                                                                                \
	{                                                                                        \
		"by", 0, "NAME", RZ_OPT_TEXT(struct ask, by),                                    \
			"who wants it, as events show it; for tools that run this for somebody " \
			"(default: the "                                                         \
			"user)"                                                                  \
	}

static const struct rz_opt pause_options[] = {
	{"for", 0, "DURATION", RZ_OPT_TAKE,
	 "end the pause by itself after this time, as 2h (default: it lasts until `rezone resume`)",
	 .take = take_for},
	{"for", 'f', "DURATION", RZ_OPT_MOVED},
	{"reason", 'r', "TEXT", RZ_OPT_TAKE,
	 "the reason, shown by `rezone pause`, `rezone status`, `rezone events` and `rezone list`",
	 .take = take_reason},
	{"replace", 'R', NULL, RZ_OPT_FLAG(struct ask, replace),
	 "replace a pause that stands already: without --for the new one lasts until `rezone "
	 "resume`, without --reason it has no reason"},
	OPTION_BY,
	{},
};

static const struct rz_opt resume_options[] = {OPTION_BY, {}};

static int show(const struct ask *a, enum rz_pause_result result, const struct rz_pause *p)
{
	rz_ask_name_node_at(a->common.pin_dir);
	if (a->common.json)
		return rz_pause_print_json(stdout, result, p) ? 1 : 0;
	rz_pause_print_text(stdout, result, p);
	return 0;
}

/* Has the daemon seen this pause? `pause` waits for it, so that what it says is so when it ends,
 * and so that no change is overwritten before there is an event of it. */
static bool is_seen(const struct rz_maps *maps, const struct rz_pause *p)
{
	struct rz_status s;
	__u32 zero = 0;

	return !bpf_map_lookup_elem(maps->status, &zero, &s) && s.pause_since_ns == p->since_ns &&
	       s.pause_until_ns == p->until_ns;
}

static void wait_for_daemon(const char *command, const char *pin_dir, const struct rz_pause *p)
{
	struct rz_maps maps;
	bool seen = false;
	int i;

	if (!rz_maps_daemon_alive(pin_dir)) {
		rz_warn("%s: no daemon runs with --pin-dir %s; the next one will go by this",
			command, pin_dir);
		return;
	}
	if (rz_maps_open(pin_dir, &maps))
		return;
	for (i = 0; i < SEEN_TRIES && !(seen = is_seen(&maps, p)); i++)
		poll(NULL, 0, SEEN_EVERY_MS);
	rz_maps_close(&maps);
	if (!seen)
		rz_warn("%s: the daemon with --pin-dir %s has not taken note of it within %d s; is "
			"it "
			"stopped?",
			command, pin_dir, SEEN_TRIES * SEEN_EVERY_MS / 1000);
}

/* The settings' pause is not the operator's: this command does not end it. */
static void warn_of_settings(const char *pin_dir)
{
	struct rz_snapshot *snap;
	struct rz_maps maps;

	if (!rz_maps_daemon_alive(pin_dir) || rz_maps_open(pin_dir, &maps))
		return;
	if (!rz_snapshot_read_daemon(&maps, &snap)) {
		if (snap->settings.paused)
			rz_warn("resume: moves stay paused by the settings (--paused); `rezone "
				"config` shows where that is set");
		rz_snapshot_free(snap);
	}
	rz_maps_close(&maps);
}

/* A pause that stands is somebody's: it is shown, and changed only by --replace. */
static int show_standing(const struct ask *a, const struct rz_pause *p)
{
	if (show(a, RZ_PAUSED_ALREADY, p))
		return 1;
	if (!a->for_ns && !a->why)
		return 0;
	rz_err(-EEXIST, "pause: a pause stands, nothing was changed; --replace changes it");
	return 1;
}

static struct rz_pause wanted(const struct ask *a)
{
	struct rz_pause p = {};

	p.since_ns = rz_wall_ns();
	p.until_ns = a->for_ns ? p.since_ns + a->for_ns : 0;
	rz_who(p.by, sizeof(p.by), a->by);
	if (a->why)
		rz_str_escape(p.why, sizeof(p.why), (const uint8_t *)a->why, strlen(a->why));
	return p;
}

int rz_cmd_pause(int argc, char **argv)
{
	static const struct rz_command command = {
		.options = pause_options,
		.doc = "Stops all moves on this node; moves under way are cancelled. A pause lasts "
		       "over restarts of the daemon, until `rezone resume`, until --for is over, "
		       "or until the machine reboots (--mode observe of `rezone run` lasts "
		       "longer). If moves are paused already, it shows that pause and changes "
		       "nothing, unless --replace is given.\vExit status: 0 done, or shown; 1 "
		       "could not, or a pause stands that --for or --reason would change; 2 used "
		       "wrongly.",
	};
	struct ask a = {};
	const char *pin_dir;
	struct rz_pause p;
	int ret;

	rz_opts_read(argc, argv, &command, &a.common);
	pin_dir = a.common.pin_dir;
	if (!a.replace && rz_pause_get(pin_dir, &p))
		return show_standing(&a, &p);
	p = wanted(&a);
	if (rz_pause_set(pin_dir, &p))
		return 1;
	ret = show(&a, RZ_PAUSED, &p);
	wait_for_daemon("pause", pin_dir, &p);
	return ret;
}

int rz_cmd_resume(int argc, char **argv)
{
	static const struct rz_command command = {
		.options = resume_options,
		.doc = "Ends the pause of `rezone pause`: candidates may be moved from the next "
		       "tick on. A pause by the settings (--paused of `rezone run`) stays.\vExit "
		       "status: 0 done, also if there was no pause, 1 could not, 2 used wrongly.",
	};
	struct ask a = {};
	const char *pin_dir;
	struct rz_pause p;
	bool stood;
	char by[64];
	int err, ret;

	rz_opts_read(argc, argv, &command, &a.common);
	pin_dir = a.common.pin_dir;
	stood = rz_pause_get(pin_dir, &p);
	rz_who(by, sizeof(by), a.by);
	err = rz_pause_end(pin_dir, by, &p);
	if (err && err != -ENOENT)
		return 1;
	if (!err && stood)
		wait_for_daemon("resume", pin_dir, &p);
	if (!err)
		err = rz_pause_remove(pin_dir, &p);
	if (err && err != -ENOENT && err != -EEXIST)
		return 1;
	ret = show(&a, stood ? RZ_RESUMED : RZ_NOT_PAUSED, stood ? &p : NULL);
	warn_of_settings(pin_dir);
	if (err == -EEXIST)
		rz_warn("resume: another pause was set meanwhile and stands; `rezone pause` shows "
			"it");
	return ret;
}
