// SPDX-License-Identifier: Apache-2.0
/* Folder, tar and facts of `rezone bugtool`, see bugtool.h. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/bugtool.h"
#include "kern/snapshot.h"
#include "out/bugtool.h"

#define TAR_NS (60 * RZ_SECOND_NS)

static void hold_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(how, &set, NULL);
}

/* A container may have a read-only root; /dev/shm can be written to in any. */
static int make_outer(struct rz_bugtool_scratch *s)
{
	const char *const places[] = {getenv("TMPDIR"), "/tmp", "/dev/shm"};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!places[i] || !*places[i])
			continue;
		snprintf(s->outer, sizeof(s->outer), "%.200s/rezone-XXXXXX", places[i]);
		if (mkdtemp(s->outer))
			return 0;
	}
	return -errno;
}

int rz_bugtool_scratch_make(struct rz_bugtool_scratch *ret)
{
	struct timespec now;
	struct tm utc;
	int err;

	umask(077);
	hold_signals(SIG_BLOCK);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	ret->made_ns = (uint64_t)now.tv_sec * RZ_SECOND_NS + (uint64_t)now.tv_nsec;
	strftime(ret->name, sizeof(ret->name), "rezone-bugtool-%Y%m%dT%H%M%SZ", &utc);
	err = make_outer(ret);
	if (err)
		return rz_err(err,
			      "bugtool: cannot write to /tmp or /dev/shm: %s; name a folder in "
			      "TMPDIR",
			      strerror(-err));
	snprintf(ret->folder, sizeof(ret->folder), "%s/%s", ret->outer, ret->name);
	if (mkdir(ret->folder, 0700)) {
		err = -errno;
		rmdir(ret->outer);
		return rz_err(err, "bugtool: cannot make %s: %s", ret->folder, strerror(-err));
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void rz_bugtool_scratch_remove(const struct rz_bugtool_scratch *s)
{
	nftw(s->outer, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	hold_signals(SIG_UNBLOCK);
}

/* Half an archive is sent away as if it were whole. /dev/full and the like stay. */
static void remove_file(const char *path)
{
	struct stat st;

	if (!lstat(path, &st) && S_ISREG(st.st_mode))
		unlink(path);
}

static int write_tar(const struct rz_bugtool_scratch *s, int out)
{
	char *argv[] = {(char *)"tar",
			(char *)"--create",
			(char *)"--gzip",
			(char *)"--owner=0",
			(char *)"--group=0",
			(char *)"--numeric-owner",
			(char *)"--sort=name",
			(char *)"--directory",
			(char *)s->outer,
			(char *)"--file",
			(char *)"-",
			(char *)s->name,
			NULL};

	return rz_child_run(argv, out, STDERR_FILENO, TAR_NS);
}

/* A file that was there keeps its mode and its owner when it is opened: nobody else may read the
 * archive by them. A pipe, or /dev/null, is as its maker wanted it. */
static int make_private(int file, const char *path)
{
	struct stat st;

	if (fstat(file, &st))
		return rz_err(-errno, "bugtool: cannot look at %s: %s; name another with --file",
			      path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_uid != geteuid())
		return rz_err(-EPERM,
			      "bugtool: %s belongs to user %u, who could read the archive; name "
			      "another with --file, or remove it",
			      path, st.st_uid);
	if (fchmod(file, 0600) || ftruncate(file, 0))
		return rz_err(-errno,
			      "bugtool: cannot keep others from reading %s: %s; name another with "
			      "--file",
			      path, strerror(errno));
	return 0;
}

/* A name that we chose is a new file: in /tmp it may be somebody's symbolic link. 0 or -errno,
 * logged; then nothing was changed. */
static int open_archive(const char *path, bool is_new, int *ret)
{
	_cleanup_close_ int file =
		open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (is_new ? O_EXCL : 0), 0600);
	int err;

	if (file < 0)
		return rz_err(-errno, "bugtool: cannot write %s: %s; name another with --file",
			      path, strerror(errno));
	err = make_private(file, path);
	if (err)
		return err;
	*ret = RZ_TAKE_FD(file);
	return 0;
}

int rz_bugtool_pack(const struct rz_bugtool_scratch *s, const char *path, bool is_new)
{
	bool to_stdout = !strcmp(path, "-");
	_cleanup_close_ int file = -1;
	int ret;

	if (to_stdout && isatty(STDOUT_FILENO))
		return rz_err(-EINVAL, "bugtool: stdout is a terminal; write to a file, as "
				       "`--file - >rezone.tar.gz`");
	ret = to_stdout ? 0 : open_archive(path, is_new, &file);
	if (ret)
		return ret;
	ret = write_tar(s, to_stdout ? STDOUT_FILENO : file);
	if (ret && !to_stdout)
		remove_file(path);
	if (ret == -ENOENT)
		return rz_err(ret, "bugtool: there is no tar in PATH; install tar and gzip");
	if (ret)
		return rz_err(ret < 0 ? ret : -EIO, "bugtool: tar could not write %s%s%s", path,
			      ret < 0 ? ": " : "; see its message above",
			      ret < 0 ? strerror(-ret) : "");
	return 0;
}

static int learn_ids(const struct rz_maps *maps, struct rz_mask *mask)
{
	struct rz_snapshot *snap;
	size_t i;
	int err = rz_snapshot_read(maps, &snap);

	if (err)
		return err;
	for (i = 0; !err && i < snap->n_clients; i++)
		if (!snap->clients[i].client.is_null)
			err = rz_mask_learn(mask, snap->clients[i].client.id);
	rz_snapshot_free(snap);
	return err;
}

int rz_bugtool_read_facts(const char *pin_dir, struct rz_mask *mask, json_t **ret)
{
	struct rz_fact facts[RZ_FACTS_MAX];
	struct rz_prog_fact progs[RZ_PROG_FACTS_MAX];
	_cleanup_free_ struct rz_map_fact *rows = calloc(rz_map_count, sizeof(*rows));
	struct rz_bugtool_facts v = {.facts = facts, .maps = rows, .progs = progs};
	struct rz_maps maps;
	int err = rows ? 0 : -ENOMEM;

	v.n_facts = rz_facts_read(facts);
	v.n_progs = rz_prog_facts_read(progs);
	if (!err && rz_maps_are_there(pin_dir)) {
		err = rz_maps_open(pin_dir, &maps);
		if (err)
			return err;
		rz_map_facts_read(&maps, rows);
		v.n_maps = rz_map_count;
		err = learn_ids(&maps, mask);
		rz_maps_close(&maps);
	}
	*ret = err ? NULL : rz_bugtool_facts_json(&v);
	return err ? err : *ret ? 0 : -ENOMEM;
}
