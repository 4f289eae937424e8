// SPDX-License-Identifier: Apache-2.0
/* The seed of the hashes that are keys of maps, in map secret, see load_inside.h. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "kern/load_inside.h"
#include "kern/pins.h"

int rz_kern_find_seed(struct rz_kern *k)
{
	struct rz_secret was = {};
	_cleanup_close_ int fd = -1;
	char path[4200];
	__u32 zero = 0;

	rz_pins_path(path, sizeof(path), k->pin_dir, "secret");
	fd = k->pin_dir[0] ? bpf_obj_get(path) : -1;
	if (fd >= 0 && !bpf_map_lookup_elem(fd, &zero, &was))
		k->seed = was.seed;
	if (k->seed)
		return 0;
	k->fresh_seed = true;
	while (!k->seed)
		if (getrandom(&k->seed, sizeof(k->seed), 0) != (ssize_t)sizeof(k->seed))
			return rz_err(-EIO,
				      "load: the kernel gives no random bytes (getrandom): "
				      "%s; run on a kernel whose generator is initialised",
				      strerror(errno));
	return 0;
}

int rz_kern_keep_seed(struct rz_kern *k)
{
	struct rz_secret s = {.seed = k->seed};
	__u32 zero = 0;

	if (!k->fresh_seed || !bpf_map_update_elem(k->maps.secret, &zero, &s, BPF_ANY))
		return 0;
	return rz_err(-errno, "load: cannot write map secret: %s", strerror(errno));
}
