// SPDX-License-Identifier: Apache-2.0
/* `rezone version`, see release.h. */
#include "out/release.h"

#include <bpf/libbpf.h>

#include <rezone/types.h>

#include "base/json.h"
#include "version.h"

int rz_release_print_json(FILE *f)
{
	return rz_json_print(f,
			     json_pack("{s:s, s:s, s:i, s:s}", "version", RZ_RELEASE, "commit",
				       RZ_COMMIT, "map_abi", RZ_ABI, "libbpf",
				       libbpf_version_string()),
			     false);
}

void rz_release_print_text(FILE *f)
{
	fprintf(f, "rezone %s (commit %s, map ABI %d, libbpf %s)\n", RZ_RELEASE, RZ_COMMIT, RZ_ABI,
		libbpf_version_string());
}
