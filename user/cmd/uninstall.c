// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone uninstall`: nothing of rezone is to stay in this node's kernel.
 *
 * Comes in: the pin directory. Goes out: a mark for the daemon, or, where none runs, the pins
 * removed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cure.h"
#include "base/json.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "kern/pins.h"
#include "kern/removal.h"

static int tell(const struct rz_ask *a, const char *result, const char *text)
{
	if (a->json)
		return rz_json_print(stdout, json_pack("{s:s}", "result", result), false) ? 1 : 0;
	printf("%s\n", text);
	return 0;
}

int rz_cmd_uninstall(int argc, char **argv)
{
	static const struct rz_command command = {
		.doc = "Removes rezone's programs and maps from this node, and the operator's "
		       "pause. If a daemon runs, it does so when it ends, also with --keep-pins: "
		       "end it then. One that is started later forgets this.\vExit status: 0 done, "
		       "1 could not, 2 used wrongly.",
	};
	struct rz_ask a = {};
	int lock;

	rz_opts_read(argc, argv, &command, &a);
	if (rz_maps_daemon_alive(a.pin_dir)) {
		rz_ask_name_node_at(a.pin_dir);
		return rz_removal_want(a.pin_dir)
			       ? 1
			       : tell(&a, "when the daemon ends",
				      "the daemon removes its programs and maps when it ends");
	}
	if (access(a.pin_dir, F_OK))
		return errno == ENOENT ? tell(&a, "nothing there",
					      "nothing to remove: no rezone has run with this "
					      "--pin-dir since the last removal")
				       : (rz_err(-errno, "uninstall: cannot open %s: %s; %s",
						 a.pin_dir, strerror(errno), rz_cure(-errno)),
					  1);
	if (rz_pins_check(a.pin_dir))
		return 1;
	lock = rz_pins_lock(a.pin_dir);
	if (lock < 0)
		return 1;
	rz_removal_do(a.pin_dir);
	close(lock);
	return tell(&a, "removed", "programs and maps are removed");
}
