// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone serve`: metrics and health over HTTP. Becomes the program that does it (user/serve.c),
 * which reads its own options.
 */
#include <string.h>

#include "base/beside.h"
#include "base/log.h"
#include "cmd/cmd.h"

int rz_cmd_serve(int argc, char **argv)
{
	int err = rz_exec_beside(RZ_SERVE_PROGRAM, argv);

	(void)argc;
	rz_err(err, "serve: cannot start %s from this program's folder: %s; install it there",
	       RZ_SERVE_PROGRAM, strerror(-err));
	return 1;
}
