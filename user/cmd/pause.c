// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone pause` and `rezone resume`: nobody is moved until the operator says so.
 *
 * Comes in: the command line. Goes out: the pause (kern/pause.h), which a daemon sees within a
 * second, and one that is started later as well.
 */
#include <argp.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "kern/maps.h"
#include "kern/pause.h"
#include "kern/pins.h"

struct ask {
	const char *pin_dir, *why;
	uint64_t for_ns;
};

static const struct argp_option pause_options[] = {
	{"for", 'f', "DURATION", 0, "resume by itself after that (default: never)", 0},
	{"reason", 'r', "TEXT", 0, "why, for those who wonder", 0},
	{"pin-dir", 'p', "DIR", 0, "the daemon's (default " RZ_PIN_DIR_DEFAULT ")", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct ask *a = state->input;

	switch (key) {
	case 'f':
		if (rz_duration_parse(arg, &a->for_ns) || !a->for_ns)
			argp_error(state, "--for %s: give a duration above 0, as 30m or 2h", arg);
		return 0;
	case 'r':
		if (strlen(arg) >= RZ_PAUSE_TEXT)
			argp_error(state, "--reason: give at most %d bytes", RZ_PAUSE_TEXT - 1);
		a->why = arg;
		return 0;
	case 'p':
		a->pin_dir = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: no argument is expected", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Root by sudo is somebody. */
static void who(char *dst, size_t size)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(getuid());
	char raw[64];

	if (sudo && *sudo)
		rz_str_copy(raw, sizeof(raw), sudo);
	else if (pw)
		rz_str_copy(raw, sizeof(raw), pw->pw_name);
	else
		snprintf(raw, sizeof(raw), "uid %u", getuid());
	rz_str_escape(dst, size, (const uint8_t *)raw, strlen(raw));
}

static void tell_daemon(const char *command, const char *pin_dir)
{
	if (!rz_maps_daemon_alive(pin_dir))
		rz_warn("%s: no daemon runs with %s; the next one finds it so", command, pin_dir);
}

int rz_cmd_pause(int argc, char **argv)
{
	static const struct argp argp = {
		.options = pause_options,
		.parser = parse,
		.doc = "From within a second on nobody is moved; a move under way is called off. "
		       "It "
		       "lasts over restarts of the daemon, until `rezone resume`, --for is over, "
		       "or the machine is started anew (--mode observe is for good).\vExit "
		       "status: 0 done, 1 could not, 2 used wrongly.",
	};
	struct ask a = {.pin_dir = RZ_PIN_DIR_DEFAULT};
	char text[RZ_PAUSE_TEXT + 160];
	struct rz_pause p = {};
	struct timespec t;

	argp_err_exit_status = 2;
	if (argp_parse(&argp, argc, argv, 0, NULL, &a))
		return 2;
	clock_gettime(CLOCK_REALTIME, &t);
	p.since_ns = (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
	p.until_ns = a.for_ns ? p.since_ns + a.for_ns : 0;
	who(p.by, sizeof(p.by));
	if (a.why)
		rz_str_escape(p.why, sizeof(p.why), (const uint8_t *)a.why, strlen(a.why));
	if (rz_pause_set(a.pin_dir, &p))
		return 1;
	rz_pause_format(text, sizeof(text), &p);
	printf("paused %s\n", text);
	tell_daemon("pause", a.pin_dir);
	return 0;
}

int rz_cmd_resume(int argc, char **argv)
{
	static const struct argp argp = {
		.options = pause_options + 2, /* --pin-dir */
		.parser = parse,
		.doc = "Ends a pause: what waits may be moved from the next tick on.\vExit status: "
		       "0 done, also if there was no pause, 1 could not, 2 used wrongly.",
	};
	struct ask a = {.pin_dir = RZ_PIN_DIR_DEFAULT};
	int err;

	argp_err_exit_status = 2;
	if (argp_parse(&argp, argc, argv, 0, NULL, &a))
		return 2;
	err = rz_pause_clear(a.pin_dir);
	if (err && err != -ENOENT)
		return 1;
	puts(err ? "it was not paused" : "resumed");
	tell_daemon("resume", a.pin_dir);
	return 0;
}
