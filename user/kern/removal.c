// SPDX-License-Identifier: Apache-2.0
/* Removing rezone from a node, see removal.h. */
#include "kern/removal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "base/cleanup.h"
#include "base/cure.h"
#include "base/log.h"
#include "kern/pins.h"

#define PIN_PATH 4200

static void path_of(char path[static PIN_PATH], const char *pin_dir, const char *name)
{
	snprintf(path, PIN_PATH, "%s/%s", pin_dir, name);
}

int rz_removal_want(const char *pin_dir)
{
	_cleanup_close_ int fd = -1;
	char path[PIN_PATH];
	int err = rz_pins_prepare(pin_dir);

	if (err)
		return err;
	path_of(path, pin_dir, "removal");
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rezone_removal", sizeof(__u32), sizeof(__u32), 1,
			    NULL);
	if (fd < 0 || (bpf_obj_pin(fd, path) && errno != EEXIST))
		return rz_err(-errno, "uninstall: cannot pin %s: %s; %s", path, strerror(errno),
			      rz_cure(-errno));
	return 0;
}

bool rz_removal_is_wanted(const char *pin_dir)
{
	char path[PIN_PATH];

	path_of(path, pin_dir, "removal");
	return !access(path, F_OK);
}

void rz_removal_forget(const char *pin_dir)
{
	char path[PIN_PATH];

	path_of(path, pin_dir, "removal");
	unlink(path);
}

void rz_removal_do(const char *pin_dir)
{
	char path[PIN_PATH];

	path_of(path, pin_dir, "pause");
	unlink(path);
	rz_removal_forget(pin_dir);
	rz_pins_remove_others(pin_dir);
	rz_pins_remove(pin_dir);
}
