// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone bugtool`: one archive with everything that a bug report needs.
 *
 * Comes in: the other commands' JSON, the pinned maps, /proc. Goes out: a tar file, in which client
 * ids, addresses and names are hashed (out/mask.h). Only reads; `rezone check` is a part of it and
 * removes what it makes.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/bugtool.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "out/bugtool.h"
#include "out/mask.h"

#define SELF	   "/proc/self/exe"
#define TIMEOUT_NS (30 * RZ_SECOND_NS)

struct ask {
	struct rz_ask common; /* first */
	const char *file;
	bool is_new; /* the file: its name is not the caller's */
	bool raw;
};

static const struct rz_opt options[] = {
	{"file", 0, "PATH", RZ_OPT_TEXT(struct ask, file),
	 "write the archive there, - is stdout (default: rezone-bugtool-TIME.tar.gz in this "
	 "folder)"},
	{"raw", 0, NULL, RZ_OPT_FLAG(struct ask, raw),
	 "hash nothing: client ids, addresses, names of nodes and people stand in the archive as "
	 "they are"},
	{},
};

static const struct rz_command command = {
	.options = options,
	.doc = "Collects what a bug report needs into one archive: versions, `rezone check`, the "
	       "settings, topology, status, counters, traffic, cost, plan, the 500 busiest "
	       "connections, events, how full the maps are, facts of the kernel. Client ids, "
	       "addresses, names of nodes and people are replaced by hashes whose key is thrown "
	       "away: the same one "
	       "has the same hash in all of one archive, and another in the next. Names of zones, "
	       "groups, sources and libraries stay. Needs tar and gzip.\vExit status: 0 done, "
	       "also if a part is missing, 1 could not, 2 used wrongly.",
};

/* A part is a command's JSON; the events are a line each. */
static const struct {
	const char *name, *argv[8];
} parts[] = {
	{"version", {"version"}},
	{"status", {"status"}},
	{"config", {"config"}},
	{"topology", {"topology"}},
	{"stats", {"stats"}},
	{"traffic", {"traffic"}},
	{"cost", {"cost"}},
	{"plan", {"plan"}},
	{"list", {"list", "--sort", "bytes", "--limit", "500"}},
	{"events", {"events"}},
	{"check", {"check"}},
};
#define N_COMMANDS (sizeof(parts) / sizeof(parts[0]))
enum { FACTS = N_COMMANDS, N_PARTS };

struct part {
	json_t **docs;
	size_t n, room;
	char *talk; /* what it wrote to stderr, or to stdout if that is no JSON; "": nothing */
};

struct collected {
	struct part parts[N_PARTS];
	struct rz_bugtool_part told[N_PARTS];
};

/* ---- reading ---- */

static int part_add(struct part *p, json_t *doc)
{
	size_t room = p->room ? 2 * p->room : 16;
	json_t **docs;

	if (p->n == p->room) {
		docs = reallocarray(p->docs, room, sizeof(json_t *));
		if (!docs) {
			json_decref(doc);
			return -ENOMEM;
		}
		p->docs = docs;
		p->room = room;
	}
	p->docs[p->n++] = doc;
	return 0;
}

static char *read_all(int fd)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st))
		return NULL;
	text = malloc((size_t)st.st_size + 1);
	n = text ? pread(fd, text, (size_t)st.st_size, 0) : 0;
	if (text)
		text[n > 0 ? n : 0] = 0;
	return text;
}

/* One JSON value behind the other. */
static int parse(struct part *p, const char *text)
{
	json_error_t e;
	json_t *doc;
	int err = 0;

	while (!err && *(text += strspn(text, " \n"))) {
		doc = json_loads(text, JSON_DISABLE_EOF_CHECK, &e);
		if (!doc)
			return -EBADMSG;
		text += e.position;
		err = part_add(p, doc);
	}
	return err;
}

/* Returns the command's exit status, or -errno. */
static int run_command(const struct ask *a, size_t i, struct part *p)
{
	_cleanup_close_ int out = memfd_create("stdout", MFD_CLOEXEC);
	_cleanup_close_ int err_fd = memfd_create("stderr", MFD_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	char *argv[16] = {(char *)SELF};
	size_t n;
	int ret, err;

	if (out < 0 || err_fd < 0)
		return -errno;
	for (n = 0; parts[i].argv[n]; n++)
		argv[n + 1] = (char *)parts[i].argv[n];
	argv[++n] = (char *)"--output=json";
	argv[++n] = (char *)"--pin-dir";
	argv[++n] = (char *)a->common.pin_dir;
	ret = rz_child_run(argv, out, err_fd, TIMEOUT_NS);
	p->talk = read_all(err_fd);
	text = read_all(out);
	err = text ? parse(p, text) : -ENOMEM;
	return ret >= 0 && err ? err : ret;
}

static bool is_stopped(void)
{
	sigset_t waiting;

	return !sigpending(&waiting) &&
	       (sigismember(&waiting, SIGINT) || sigismember(&waiting, SIGTERM) ||
		sigismember(&waiting, SIGHUP));
}

static int collect(const struct ask *a, struct rz_mask *mask, struct collected *c)
{
	struct part *facts = &c->parts[FACTS];
	json_t *doc;
	size_t i;
	int err;

	for (i = 0; i < N_COMMANDS && !is_stopped(); i++)
		c->told[i] =
			(struct rz_bugtool_part){parts[i].name, run_command(a, i, &c->parts[i])};
	err = rz_bugtool_read_facts(a->common.pin_dir, mask, &doc);
	if (!err) {
		rz_json_name_node(doc); /* before it is masked */
		err = part_add(facts, doc);
	}
	c->told[FACTS] = (struct rz_bugtool_part){"facts", err};
	return is_stopped() ? -EINTR : err;
}

/* ---- writing ---- */

static int learn(const struct collected *c, struct rz_mask *mask)
{
	size_t i, k;
	int err = 0;

	for (i = 0; i < N_PARTS; i++)
		for (k = 0; !err && k < c->parts[i].n; k++)
			err = rz_mask_learn_json(mask, c->parts[i].docs[k]);
	return err;
}

static FILE *create(const char *folder, const char *name, const char *ending)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/%s%s", folder, name, ending);
	return fopen(path, "wex");
}

static int write_part(const struct part *p, const char *name, const char *folder,
		      const struct rz_mask *mask)
{
	_cleanup_free_ char *talk =
		p->talk && *p->talk && mask ? rz_mask_text(mask, p->talk) : NULL;
	FILE *f;
	size_t k;
	int err = 0;

	if (p->talk && *p->talk) {
		f = create(folder, name, ".err");
		if (!f || fputs(talk ?: p->talk, f) < 0 || fclose(f))
			return -errno;
	}
	if (!p->n)
		return 0;
	f = create(folder, name, ".json");
	if (!f)
		return -errno;
	for (k = 0; !err && k < p->n; k++) {
		err = mask ? rz_mask_json(mask, p->docs[k]) : 0;
		if (!err)
			err = rz_json_print(f, json_incref(p->docs[k]), p->n > 1);
	}
	return fclose(f) && !err ? -errno : err;
}

static int write_all(const struct collected *c, const struct rz_bugtool_report *r,
		     const char *folder, const struct rz_mask *mask)
{
	struct part report = {};
	size_t i;
	json_t *doc = rz_bugtool_json(r);
	int err;

	rz_json_name_node(doc);
	err = part_add(&report, doc);
	for (i = 0; !err && i < N_PARTS; i++)
		err = write_part(&c->parts[i], c->told[i].name, folder, mask);
	if (!err)
		err = write_part(&report, "bugtool", folder, mask);
	if (report.n)
		json_decref(report.docs[0]);
	free(report.docs);
	return err ? rz_err(err,
			    "bugtool: cannot write to %s: %s; name a folder with room in "
			    "TMPDIR",
			    folder, strerror(-err))
		   : 0;
}

static void free_all(struct collected *c)
{
	size_t i, k;

	for (i = 0; i < N_PARTS; i++) {
		for (k = 0; k < c->parts[i].n; k++)
			json_decref(c->parts[i].docs[k]);
		free(c->parts[i].docs);
		free(c->parts[i].talk);
	}
}

static int make(const struct ask *a, const struct rz_bugtool_scratch *s)
{
	struct collected c = {};
	struct rz_bugtool_report r = {a->file, s->made_ns, a->raw, c.told, N_PARTS};
	struct rz_mask *mask = NULL;
	uint64_t seed;
	int err = getrandom(&seed, sizeof(seed), 0) == sizeof(seed) ? 0 : -EIO;

	if (!err)
		err = rz_mask_new(seed, &mask);
	if (!err)
		err = collect(a, mask, &c);
	if (!err)
		err = learn(&c, mask);
	if (!err)
		err = write_all(&c, &r, s->folder, a->raw ? NULL : mask);
	if (!err)
		err = rz_bugtool_pack(s, a->file, a->is_new);
	if (!err && a->common.json && strcmp(a->file, "-"))
		err = rz_bugtool_print_json(stdout, &r);
	else if (!err)
		rz_bugtool_print_text(strcmp(a->file, "-") ? stdout : stderr, &r);
	rz_mask_free(mask);
	free_all(&c);
	return err;
}

int rz_cmd_bugtool(int argc, char **argv)
{
	struct rz_bugtool_scratch scratch;
	struct ask a = {};
	char name[64];
	int err;

	rz_opts_read(argc, argv, &command, &a.common);
	if (rz_bugtool_scratch_make(&scratch))
		return 1;
	if (!a.file) {
		snprintf(name, sizeof(name), "%s.tar.gz", scratch.name);
		a.file = name;
		a.is_new = true;
	}
	rz_ask_name_node_at(a.common.pin_dir);
	err = make(&a, &scratch);
	rz_bugtool_scratch_remove(&scratch); /* a signal that came ends the process here */
	return err ? 1 : 0;
}
