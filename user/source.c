// SPDX-License-Identifier: Apache-2.0
/*
 * rezone-source, the network process: it talks to the API server and to the cloud's metadata
 * service, so that nothing that runs as root does.
 *
 * Comes in: KEY=VALUE arguments and a socket as descriptor 3, from daemon/reporter.c, which is who
 * starts it. It gives up its rights (source/confine.h) before it talks to anybody. Goes out:
 * reports (report/report.h). Ends with the daemon.
 *
 * With ask=1, from daemon/ask.c, it asks agents for their versions instead (source/ask.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pass.h"
#include "base/str.h"
#include "report/report.h"
#include "source/ask.h"
#include "source/confine.h"
#include "source/tell.h"

struct args {
	const char *services, *selectors, *server, *token_file, *ca_file, *port_name, *node_name;
	const char *zone_label, *max_age_ns, *empty_confirm_ns, *cloud, *cloud_url, *uid, *parent;
	const char *log_level, *full, *newest, *ask;
};

static const struct {
	const char *key;
	size_t offset;
} keys[] = {
#define KEY(name)                                  \
	{                                          \
#name, offsetof(struct args, name) \
	}
	KEY(services),	KEY(selectors), KEY(server),	 KEY(token_file), KEY(ca_file),
	KEY(port_name), KEY(node_name), KEY(zone_label), KEY(max_age_ns), KEY(empty_confirm_ns),
	KEY(cloud),	KEY(cloud_url), KEY(uid),	 KEY(parent),	  KEY(log_level),
	KEY(full),	KEY(newest),	KEY(ask),
#undef KEY
};

static bool read_args(int argc, char **argv, struct args *a)
{
	size_t k, n = sizeof(keys) / sizeof(keys[0]);
	int i;

	for (i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		for (k = 0; equals && k < n; k++)
			if (strlen(keys[k].key) == (size_t)(equals - argv[i]) &&
			    !strncmp(keys[k].key, argv[i], (size_t)(equals - argv[i])))
				break;
		if (!equals || k == n)
			return false;
		*(const char **)((char *)a + keys[k].offset) = equals + 1;
	}
	return a->uid && a->parent;
}

static uint64_t number(const char *text)
{
	return text ? strtoull(text, NULL, 10) : 0;
}

/* Numbers with commas between them, one a target. */
static void read_list(const char *text, uint64_t ret[RZ_KUBE_GROUPS_MAX])
{
	size_t i;

	for (i = 0; text && *text && i < RZ_KUBE_GROUPS_MAX; i++) {
		ret[i] = strtoull(text, NULL, 10);
		text += strcspn(text, ",");
		text += *text == ',';
	}
}

static void fill(const struct args *a, struct rz_tell_conf *c)
{
	uint64_t full[RZ_KUBE_GROUPS_MAX] = {};
	size_t i;

	*c = (struct rz_tell_conf){
		.fd = RZ_REPORT_FD,
		.has_kube = a->services || a->selectors,
		.kube = {.services = a->services,
			 .selectors = a->selectors,
			 .server = a->server,
			 .port_name = a->port_name,
			 .node_name = a->node_name ? a->node_name : "",
			 .zone_label = a->zone_label,
			 .max_age_ns = number(a->max_age_ns),
			 .empty_confirm_ns = number(a->empty_confirm_ns)},
		.token_file = a->token_file,
		.ca_file = a->ca_file,
		.cloud = {.which = a->cloud ? (enum rz_cloud_which)number(a->cloud) : RZ_CLOUD_OFF,
			  .url = a->cloud_url},
	};
	read_list(a->full, full);
	read_list(a->newest, c->kube.newest);
	for (i = 0; i < RZ_KUBE_GROUPS_MAX; i++)
		c->kube.full[i] = full[i] > 0;
}

/* A line for the daemon's log; it says when, and drops those that are too many. */
static bool log_to_daemon(enum rz_log_level level, const char *text)
{
	struct rz_report_log m = {.head = rz_report_head(RZ_REPORT_LOG, sizeof(m)), .level = level};

	rz_str_copy(m.text, sizeof(m.text), text);
	return !rz_pass_send(RZ_REPORT_FD, &m, sizeof(m), -1, 0);
}

static int greet(const struct rz_confined *c)
{
	struct rz_report_hello m = {.head = rz_report_head(RZ_REPORT_HELLO, sizeof(m)),
				    .confined = c->how};
	int err = rz_pass_send(RZ_REPORT_FD, &m, sizeof(m), c->calls, 0);

	if (c->calls >= 0)
		close(c->calls); /* who has it could permit calls */
	return err;
}

/* stderr is the daemon's log, in which strangers' bytes would be whatever they are. */
static void leave_stderr(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

static int begin(const struct args *a)
{
	struct rz_confined confined;
	int err;

	close_range(RZ_REPORT_FD + 1, ~0U, 0);
	rz_log_divert(log_to_daemon);
	leave_stderr();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	tzset(); /* now, while all files can be read */
	err = rz_confine((uid_t)number(a->uid), (pid_t)number(a->parent), &confined);
	return err ? err : greet(&confined);
}

static int run(const struct args *a)
{
	struct rz_tell_conf c;
	struct rz_tell *t = NULL;
	struct rz_loop *loop = NULL;
	int err = begin(a);

	if (!err && a->ask)
		return rz_ask_run(RZ_REPORT_FD);
	if (!err)
		err = rz_loop_new(&loop);
	fill(a, &c);
	if (!err)
		err = rz_tell_new(&c, loop, &t);
	if (!err)
		err = rz_loop_run(loop);
	rz_tell_free(t);
	rz_loop_free(loop);
	return err;
}

int main(int argc, char **argv)
{
	struct stat st;
	struct args a = {};

	if (!read_args(argc, argv, &a) || fstat(RZ_REPORT_FD, &st) || !S_ISSOCK(st.st_mode)) {
		rz_err(-EINVAL, RZ_SOURCE_PROGRAM ": `rezone run` starts this program, and nobody "
						  "else does");
		return 2;
	}
	rz_log_setup(RZ_LOG_TEXT, (enum rz_log_level)number(a.log_level));
	if (run(&a) < 0)
		return 1;
	return 0;
}
