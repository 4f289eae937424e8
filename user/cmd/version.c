// SPDX-License-Identifier: Apache-2.0
/* `rezone version`: what this binary is. */
#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "out/release.h"

int rz_cmd_version(int argc, char **argv)
{
	struct rz_ask a;

	rz_ask_read(argc, argv,
		    "Shows the version, the commit, and the map ABI: the number of the layout of "
		    "the pinned maps.\vExit status: 0 done, 2 used wrongly.",
		    &a);
	if (a.json)
		return rz_release_print_json(stdout) ? 1 : 0;
	rz_release_print_text(stdout);
	return 0;
}
