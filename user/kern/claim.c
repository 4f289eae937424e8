// SPDX-License-Identifier: Apache-2.0
/* The pins of one start, see claim.h. */
#include "kern/claim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/cure.h"
#include "base/json.h"
#include "base/log.h"
#include "kern/fd_info.h"
#include "kern/pins.h"

#define PATH_SIZE 4200
#define OLD	  "_old"

/* The room is more than there are names; one too many could not be taken back. */
static void note(const char **list, size_t *n, const char *name)
{
	if (*n < RZ_CLAIM_MAX)
		list[(*n)++] = name;
}

static void old_path(char dst[static PATH_SIZE + 8], const char *path)
{
	snprintf(dst, PATH_SIZE + 8, "%s" OLD, path);
}

static int in_the_way(int err, const char *path)
{
	struct stat st;

	if (!lstat(path, &st) && !S_ISREG(st.st_mode))
		return rz_err(-EEXIST,
			      "pins: %s is a %s and no pinned map; remove it, or give rezone a "
			      "--pin-dir of its own",
			      path, S_ISDIR(st.st_mode) ? "directory" : "special file");
	return rz_err(err, "pins: cannot open %s: %s; %s", path, strerror(-err), rz_cure(err));
}

/* Looks at the pin that is there. 1: it can be taken over; 0: its size or layout is another;
 * -ENOENT: none is there; else -errno, logged. */
static int look(const char *path, const struct bpf_map *want)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	_cleanup_close_ int fd = bpf_obj_get(path);

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : in_the_way(-errno, path);
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return 0; /* a program or a link */
	return info.type == bpf_map__type(want) && info.key_size == bpf_map__key_size(want) &&
	       info.value_size == bpf_map__value_size(want) &&
	       info.max_entries == bpf_map__max_entries(want) &&
	       info.map_flags == bpf_map__map_flags(want);
}

static int set_aside(struct rz_claim *c, const char *path, const char *name)
{
	char old[PATH_SIZE + 8];

	old_path(old, path);
	unlink(old); /* of a start that was killed */
	if (rename(path, old))
		return rz_err(-errno, "pins: cannot set %s aside: %s; remove it", path,
			      strerror(errno));
	note(c->aside, &c->n_aside, name);
	return 0;
}

int rz_claim_map(struct rz_claim *c, struct bpf_map *m, const char *name)
{
	char path[PATH_SIZE];
	int fits, err = 0;

	rz_pins_path(path, sizeof(path), c->pin_dir, name);
	fits = look(path, m);
	if (fits < 0 && fits != -ENOENT)
		return fits;
	if (!fits)
		err = set_aside(c, path, name);
	if (err)
		return err;
	if (fits <= 0)
		note(c->made, &c->n_made, name);
	return bpf_map__set_pin_path(m, path);
}

int rz_claim_as_large(const struct rz_claim *c, struct bpf_map *m, const char *name)
{
	struct bpf_map_info info = {};
	_cleanup_close_ int fd = -1;
	__u32 len = sizeof(info);
	char path[PATH_SIZE];

	rz_pins_path(path, sizeof(path), c->pin_dir, name);
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) || !info.max_entries)
		return 0; /* rz_claim_map() says what is wrong with it */
	return bpf_map__set_max_entries(m, info.max_entries);
}

int rz_claim_symlinks(struct rz_claim *c, const char *const *names, size_t n)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < n; i++) {
		err = rz_pins_link(c->pin_dir, names[i]);
		if (err > 0)
			note(c->linked, &c->n_linked, names[i]);
		err = err < 0 ? err : 0;
	}
	return err;
}

int rz_claim_link(struct rz_claim *c, struct bpf_link *link, const char *name)
{
	char path[PATH_SIZE], fresh[PATH_SIZE + 8];
	bool earlier;
	int err;

	if (!c->pin_dir[0] || !link)
		return 0;
	rz_pins_path(path, sizeof(path), c->pin_dir, name);
	snprintf(fresh, sizeof(fresh), "%s_new", path);
	earlier = !access(path, F_OK);
	unlink(fresh); /* of a run that died here */
	/* not bpf_link__pin(): it refuses to pin a link a second time (kern/attached.c) */
	err = bpf_obj_pin(bpf_link__fd(link), fresh) ? -errno : 0;
	if (!err && rename(fresh, path)) {
		err = -errno;
		unlink(fresh);
	}
	if (err)
		return rz_err(err, "pins: cannot pin %s: %s; %s", path, strerror(-err),
			      err == -EROFS ? rz_cure(err) : "remove what is there");
	if (!earlier && !c->kept)
		note(c->made, &c->n_made, name);
	return 0;
}

bool rz_claim_lost(const struct rz_claim *c, const struct bpf_link *link, const char *name)
{
	struct bpf_link_info a, b;
	_cleanup_close_ int there = -1;
	char path[PATH_SIZE];

	if (!c->pin_dir[0] || !link)
		return false;
	rz_pins_path(path, sizeof(path), c->pin_dir, name);
	there = bpf_obj_get(path);
	return there < 0 || !rz_fd_link(there, &a) || !rz_fd_link(bpf_link__fd(link), &b) ||
	       a.id != b.id;
}

void rz_claim_keep(struct rz_claim *c)
{
	char path[PATH_SIZE], old[PATH_SIZE + 8];

	c->kept = true;
	while (c->n_aside) {
		rz_pins_path(path, sizeof(path), c->pin_dir, c->aside[--c->n_aside]);
		old_path(old, path);
		unlink(old);
		rz_log_fields(RZ_LOG_WARN, json_pack("{s:o}", "file", rz_json_printable(path)),
			      "pins: %s had another size or layout and was made anew; its "
			      "connections are adopted at their next request",
			      path);
	}
}

void rz_claim_undo(struct rz_claim *c)
{
	char path[PATH_SIZE], old[PATH_SIZE + 8];

	while (c->n_made) {
		rz_pins_path(path, sizeof(path), c->pin_dir, c->made[--c->n_made]);
		unlink(path);
	}
	while (c->n_linked) {
		snprintf(path, sizeof(path), "%s/%s", c->pin_dir, c->linked[--c->n_linked]);
		unlink(path);
	}
	while (c->n_aside) {
		rz_pins_path(path, sizeof(path), c->pin_dir, c->aside[--c->n_aside]);
		old_path(old, path);
		rename(old, path);
	}
}
