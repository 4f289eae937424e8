// SPDX-License-Identifier: Apache-2.0
/*
 * Starting the network process, see reporter.h, and the files that the daemon opens for it.
 *
 * Comes in: settings. Goes out: a process with one socket, and KEY=VALUE arguments (user/source.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/child.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pass.h"
#include "base/str.h"
#include "daemon/reporter_inside.h"
#include "source/spec.h"

#define POD_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"
#define ARGS_MAX   32
#define ROOM_BYTES (1 << 20) /* of the socket: some parts of a large topology */

/* ---- the files ---- */

/* A pipe would block, a device may do anything. The descriptor, or -errno. */
static int open_regular(const char *path, struct stat *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err;

	if (fd < 0)
		return -errno;
	err = fstat(fd, ret) ? -errno : S_ISREG(ret->st_mode) ? 0 : -EINVAL;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void pass_file(struct rz_reporter *r, struct rz_reporter_file *f)
{
	struct rz_report_credential m = {.head = rz_report_head(f->kind, sizeof(m))};
	struct stat st = {};
	_cleanup_close_ int fd = f->path ? open_regular(f->path, &st) : -1;
	int error = fd < 0 ? -fd : 0;

	if (!f->path || (f->passed && f->error == error && (error || same(&st, &f->seen))))
		return;
	m.error = (__u32)error;
	if (rz_pass_send(r->fd, &m, sizeof(m), fd, MSG_DONTWAIT))
		return; /* no room: at the next look */
	f->seen = st;
	f->error = error;
	f->passed = true;
}

void rz_reporter_pass_files(struct rz_reporter *r)
{
	if (r->fd < 0)
		return;
	pass_file(r, &r->token);
	pass_file(r, &r->ca);
}

/* ---- its arguments ---- */

struct args {
	char *argv[ARGS_MAX + 1];
	int n;
	bool failed; /* no memory */
};

static void add(struct args *a, const char *key, const char *value)
{
	if (!value || a->n == ARGS_MAX)
		return;
	if (asprintf(&a->argv[a->n], "%s=%s", key, value) < 0) {
		a->argv[a->n] = NULL;
		a->failed = true;
		return;
	}
	a->n++;
}

static void add_number(struct args *a, const char *key, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	add(a, key, text);
}

/* What the process before it knew. */
static void add_memory(struct args *a, const struct rz_reporter *r)
{
	char full[64] = "", newest[RZ_REPORT_TARGETS_MAX * 24] = "";
	size_t i, used_f = 0, used_n = 0;

	for (i = 0; i < r->n_targets; i++) {
		used_f += (size_t)snprintf(full + used_f, sizeof(full) - used_f, "%s%d",
					   i ? "," : "", rz_intake_full(r->intake, i));
		used_n += (size_t)snprintf(newest + used_n, sizeof(newest) - used_n, "%s%llu",
					   i ? "," : "",
					   (unsigned long long)rz_intake_newest(r->intake, i));
	}
	add(a, "full", full);
	add(a, "newest", newest);
}

static int make_args(struct args *a, const struct rz_reporter *r)
{
	const struct rz_conf *c = r->conf;

	a->argv[a->n++] = strdup(RZ_SOURCE_PROGRAM);
	add(a, "services", c->kube_service);
	add(a, "selectors", c->kube_selector);
	add(a, "server", r->server);
	add(a, "token_file", r->token.path);
	add(a, "ca_file", r->ca.path);
	add(a, "port_name", c->kube_port_name);
	add(a, "node_name", c->node_name);
	add(a, "zone_label", c->kube_zone_label);
	add(a, "cloud_url", c->cloud_url);
	add_number(a, "cloud", r->cloud);
	add_number(a, "max_age_ns", c->topology_max_age_ns);
	add_number(a, "empty_confirm_ns", c->empty_confirm_ns);
	add_number(a, "uid", c->source_uid);
	add_number(a, "parent", (uint64_t)getpid());
	add_number(a, "log_level", (uint64_t)c->log_level);
	add_memory(a, r);
	return a->failed || !a->argv[0] ? -ENOMEM : 0;
}

static void free_args(struct args *a)
{
	int i;

	for (i = 0; i < a->n; i++)
		free(a->argv[i]);
}

/* ---- the process ---- */

/* Two ends: the daemon's, and the process's, which may fill its own with parts of a topology. */
static int make_ends(int ends[2])
{
	int room = ROOM_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return 0;
}

int rz_reporter_start(struct rz_reporter *r)
{
	struct args args = {};
	int ends[2], err = make_ends(ends);

	if (err)
		return rz_err(err, "source: cannot make a socket: %s", strerror(-err));
	rz_backoff_began(&r->backoff, rz_now_ns());
	err = make_args(&args, r);
	if (!err)
		err = rz_child_start(args.argv, environ, &ends[1], 1, &r->pid);
	free_args(&args);
	close(ends[1]);
	if (!err)
		err = rz_loop_add(r->loop, ends[0], r->on_message, r);
	r->fd = ends[0];
	r->silent = 0;
	r->level = r->conf->log_level;
	r->token.passed = r->ca.passed = false;
	rz_intake_begin(r->intake);
	if (!err)
		return 0;
	rz_reporter_kill(r, NULL);
	snprintf(r->fault, sizeof(r->fault), "the network process cannot be started: %s",
		 strerror(-err));
	r->calls.failed(r->calls.arg, err);
	return rz_err(err,
		      "source: cannot start %s from this program's folder: %s; install it there, "
		      "or leave out the settings that begin with --kube and --cloud",
		      RZ_SOURCE_PROGRAM, strerror(-err));
}

void rz_reporter_kill(struct rz_reporter *r, int *ret_status)
{
	if (r->fd >= 0) {
		if (!r->resting)
			rz_loop_remove(r->loop, r->fd);
		close(r->fd);
	}
	if (r->calls_fd >= 0) {
		rz_loop_remove(r->loop, r->calls_fd);
		close(r->calls_fd);
	}
	r->fd = r->calls_fd = -1;
	r->resting = false;
	if (r->pid > 0) {
		/* without CAP_KILL: its socket is closed, which is what it ends by */
		if (kill(r->pid, SIGKILL))
			rz_err(-errno, "source: cannot end process %d: %s; CAP_KILL is needed",
			       (int)r->pid, strerror(errno));
		else
			waitpid(r->pid, ret_status, 0);
	}
	r->pid = 0;
}

/* ---- what is asked, and where ---- */

/* The one that is given, else the pod's, if there is one. */
static int choose_file(struct rz_reporter_file *f, const char *given, const char *pods)
{
	if (!given && access(pods, F_OK))
		return 0;
	f->path = strdup(given ?: pods);
	return f->path ? 0 : -ENOMEM;
}

/* In a pod, the environment and a folder say where the API server is and who we are. */
static int take_place(struct rz_reporter *r)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	const char *token = POD_FOLDER "/token", *ca = POD_FOLDER "/ca.crt";
	const struct rz_conf *c = r->conf;
	size_t len;
	int err;

	if (c->kube_server) {
		r->server = strdup(c->kube_server);
		for (len = r->server ? strlen(r->server) : 0; len && r->server[len - 1] == '/';
		     len--)
			r->server[len - 1] = '\0';
	} else if (!host || !*host) {
		return rz_err(-EINVAL,
			      "kube: KUBERNETES_SERVICE_HOST is not set: this is no pod; name the "
			      "API server with --kube-server");
	} else if (asprintf(&r->server, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s",
			    host, port && *port ? port : "443") < 0) {
		r->server = NULL;
	}
	if (!r->server)
		return -ENOMEM;
	if (strncmp(r->server, "https://", 8) && strncmp(r->server, "http://", 7))
		return rz_err(-EINVAL, "kube: --kube-server %s is no https:// or http:// URL",
			      r->server);
	err = choose_file(&r->token, c->kube_token_file, token);
	return err ? err : choose_file(&r->ca, c->kube_ca_file, ca);
}

static int name_targets(struct rz_reporter *r, struct rz_intake_conf *ret)
{
	struct rz_kube_spec specs[RZ_KUBE_GROUPS_MAX];
	char why[256];
	size_t i;
	int err = rz_kube_specs_parse(r->conf->kube_service, r->conf->kube_selector, specs,
				      &r->n_targets, why, sizeof(why));

	if (err)
		return rz_err(err, "kube: %s", why);
	ret->n_targets = r->n_targets;
	for (i = 0; i < r->n_targets; i++) {
		struct rz_intake_target *t = &ret->targets[i];

		snprintf(t->name, sizeof(t->name), "kube %.88s", specs[i].label);
		memcpy(t->group, specs[i].group, sizeof(t->group));
	}
	return 0;
}

int rz_reporter_prepare(struct rz_reporter *r)
{
	struct rz_intake_conf c = {};
	int err = name_targets(r, &c);

	if (!err && r->n_targets)
		err = take_place(r);
	if (r->cloud != RZ_CLOUD_OFF)
		snprintf(c.cloud, sizeof(c.cloud), "cloud %s", rz_vendor_name(r->cloud));
	if (!err)
		err = rz_intake_new(&c, &r->intake);
	return err;
}

bool rz_reporter_installed(void)
{
	char path[4096];

	return !rz_path_beside(RZ_SOURCE_PROGRAM, path, sizeof(path)) && !access(path, X_OK);
}
