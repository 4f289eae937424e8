// SPDX-License-Identifier: Apache-2.0
/*
 * Removing pins, this version's and other versions', see pins.h. Apart from pins.c, for it must
 * know the names of all maps, and whoever opens the maps needs the paths. Called by kern/load.c,
 * daemon/life.c.
 */
#include "kern/pins.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/maps.h"

/* All that rezone ever pins, but for the maps. What else lies in these directories is somebody
 * else's. */
static const char *const other_names[] = {"config",	    "partial",		"undo",
					  "closed",	    "link_segment",	"link_state",
					  "link_answer",    "link_segment_new", "link_state_new",
					  "link_answer_new"};
#define N_OTHER (sizeof(other_names) / sizeof(other_names[0]))

static void remove_own(const char *pin_dir, int abi, const char *name)
{
	char path[4200];
	struct stat st;

	snprintf(path, sizeof(path), "%s/v%d/%s_old", pin_dir, abi, name);
	unlink(path); /* set aside by a start that was killed (kern/claim.c) */
	snprintf(path, sizeof(path), "%s/v%d/%s", pin_dir, abi, name);
	unlink(path);
	snprintf(path, sizeof(path), "%s/%s", pin_dir, name);
	if (abi == RZ_ABI && !lstat(path, &st) && S_ISLNK(st.st_mode))
		unlink(path);
}

static void remove_abi(const char *pin_dir, int abi)
{
	char dir[4096];
	size_t i;

	for (i = 0; i < N_OTHER; i++)
		remove_own(pin_dir, abi, other_names[i]);
	for (i = 0; i < rz_map_count; i++)
		remove_own(pin_dir, abi, rz_map_names[i]);
	snprintf(dir, sizeof(dir), "%s/v%d", pin_dir, abi);
	rmdir(dir);
}

void rz_pins_remove(const char *pin_dir)
{
	remove_abi(pin_dir, RZ_ABI);
	rz_pins_rmdir(pin_dir);
}

/* Links of names that this version does not know: without them a newer version's programs end. */
static void remove_links(const char *dir)
{
	char path[4800];
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d && (e = readdir(d))) {
		if (strncmp(e->d_name, "link_", 5))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		unlink(path);
	}
	if (d)
		closedir(d);
}

/* The number in "v5", or -1. */
static int abi_of(const char *name)
{
	char *end;
	unsigned long abi;

	if (name[0] != 'v' || name[1] < '1' || name[1] > '9')
		return -1;
	abi = strtoul(name + 1, &end, 10);
	return *end || abi > 9999 ? -1 : (int)abi;
}

void rz_pins_remove_others(const char *pin_dir)
{
	char dir[4400];
	struct dirent *e;
	DIR *d = opendir(pin_dir);
	int abi;

	while (d && (e = readdir(d))) {
		abi = abi_of(e->d_name);
		if (abi < 0 || abi == RZ_ABI)
			continue;
		snprintf(dir, sizeof(dir), "%s/%s", pin_dir, e->d_name);
		remove_links(dir);
		remove_abi(pin_dir, abi);
	}
	if (d)
		closedir(d);
}
