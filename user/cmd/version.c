// SPDX-License-Identifier: Apache-2.0
/* `rezone version`: what this binary is. */
#include <stdio.h>
#include <bpf/libbpf.h>

#include "cmd/cmd.h"
#include "rezone/types.h"
#include "version.h"

int rz_cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("rezone %s (commit %s, map ABI %d, libbpf %s)\n", RZ_RELEASE, RZ_COMMIT, RZ_ABI,
	       libbpf_version_string());
	return 0;
}
