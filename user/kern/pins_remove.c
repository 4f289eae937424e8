// SPDX-License-Identifier: Apache-2.0
/*
 * Removing pins, this version's and other versions', see pins.h. Apart from pins.c, for it must
 * know the names of all maps, and whoever opens the maps needs the paths. Called by kern/load.c,
 * daemon/life.c.
 */
#include "kern/pins.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/maps.h"

/* All that this version pins, but for the maps. What else lies in its directory is somebody else's.
 */
static const char *const other_names[] = {"config",	      "partial",	"undo",
					  "closed",	      "link_segment",	"link_state",
					  "link_segment_new", "link_state_new", "counted_new"};
static const char *const watch_names[] = RZ_WATCH_PINS;
#define N_OTHER (sizeof(other_names) / sizeof(other_names[0]))

static void remove_own(const char *pin_dir, const char *name)
{
	char path[4200];
	struct stat st;

	snprintf(path, sizeof(path), "%s/v%d/%s_old", pin_dir, RZ_ABI, name);
	unlink(path); /* set aside by a start that was killed (kern/claim.c) */
	snprintf(path, sizeof(path), "%s/v%d/%s", pin_dir, RZ_ABI, name);
	unlink(path);
	snprintf(path, sizeof(path), "%s/%s", pin_dir, name);
	if (!lstat(path, &st) && S_ISLNK(st.st_mode))
		unlink(path);
}

void rz_pins_remove(const char *pin_dir)
{
	char fresh[64];
	size_t i;

	for (i = 0; i < N_OTHER; i++)
		remove_own(pin_dir, other_names[i]);
	for (i = 0; i < sizeof(watch_names) / sizeof(watch_names[0]); i++) {
		snprintf(fresh, sizeof(fresh), "%s_new", watch_names[i]); /* kern/claim.c */
		remove_own(pin_dir, watch_names[i]);
		remove_own(pin_dir, fresh);
	}
	for (i = 0; i < rz_map_count; i++)
		remove_own(pin_dir, rz_map_names[i]);
	rz_pins_rmdir(pin_dir);
}

/* All that is in another version's directory: some of its names this version does not know. A link
 * that stays keeps a program going, a map its memory. */
static void remove_all(const char *dir)
{
	/* not where a symbolic link leads */
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (d && (e = readdir(d)))
		unlinkat(fd, e->d_name, 0); /* a directory stays: rezone makes none there */
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	rmdir(dir);
}

/* Does PIN_DIR/NAME lead into that version's directory? */
static bool leads_into(const char *path, const char *version)
{
	char target[256];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	size_t len = strlen(version);

	target[n < 0 ? 0 : n] = '\0';
	return !strncmp(target, version, len) && target[len] == '/';
}

static void remove_symlinks(const char *pin_dir, const char *version)
{
	char path[4400];
	struct dirent *e;
	DIR *d = opendir(pin_dir);

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", pin_dir, e->d_name);
		if (leads_into(path, version))
			unlink(path);
	}
	if (d)
		closedir(d);
}

void rz_pins_remove_others(const char *pin_dir)
{
	char dir[4400];
	struct dirent *e;
	DIR *d = opendir(pin_dir);
	int abi;

	while (d && (e = readdir(d))) {
		abi = rz_pins_abi_of(e->d_name);
		if (abi < 0 || abi == RZ_ABI)
			continue;
		snprintf(dir, sizeof(dir), "%s/%s", pin_dir, e->d_name);
		remove_all(dir);
		remove_symlinks(pin_dir, e->d_name);
	}
	if (d)
		closedir(d);
}
