// SPDX-License-Identifier: Apache-2.0
/* The network process as the daemon sees it, see reporter.h: its life, and what is read of it. How
 * it is started: reporter_start.c. */
#include "daemon/reporter.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/forbidden.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pass.h"
#include "base/str.h"
#include "daemon/reporter_inside.h"
#include "report/report.h"

#define AGAIN_NS	RZ_SECOND_NS
#define SILENT_LOOKS	15 /* it says something each second */
#define BATCH		32 /* messages in a row; then others of the loop have their turn */
#define BATCH_REST_NS	5000000ULL
#define REPORT_REST_NS	50000000ULL
#define REPORT_REST_MAX RZ_SECOND_NS
#define LINES_BURST	50 /* log lines at once, and then each second */
#define LINES_A_SECOND	5

/* ---- its end ---- */

static void set_fault(struct rz_reporter *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void set_fault(struct rz_reporter *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->fault, sizeof(r->fault), fmt, ap);
	va_end(ap);
}

/* Ends it, if it has not ended, and tells once why. `error` is for the counts. */
static void end(struct rz_reporter *r, int error, const char *why)
{
	unsigned long long wait_s;

	rz_reporter_kill(r, NULL);
	rz_backoff_ended(&r->backoff, AGAIN_NS, rz_now_ns());
	wait_s = r->backoff.wait_ns / RZ_SECOND_NS;
	set_fault(r, "the network process %.160s; it starts again %llu s later", why, wait_s);
	rz_log_fields(RZ_LOG_WARN,
		      json_pack("{s:o, s:I, s:o}", "why", rz_json_printable(why), "again_in_s",
				(json_int_t)wait_s, "error", rz_json_error(error)),
		      "source: the network process %s; it starts again in %llu s, and what it said "
		      "before stays until it is too old",
		      why, wait_s);
	r->calls.failed(r->calls.arg, error);
	r->calls.changed(r->calls.arg);
}

/* Its end of the socket is closed: it ended, and if not it ends now. */
static void gone(struct rz_reporter *r)
{
	char why[64];
	int status = 0;

	rz_reporter_kill(r, &status);
	snprintf(why, sizeof(why), "ended with %s %d", WIFSIGNALED(status) ? "signal" : "status",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	end(r, -ECHILD, why);
}

/* ---- what it says ---- */

/* Lines are its word alone, so there are not many of them. */
static void tell(struct rz_reporter *r, const struct rz_intake_said *said)
{
	if (!r->lines) {
		r->lines_dropped++;
		return;
	}
	r->lines--;
	rz_log_fields(said->level, json_pack("{s:s}", "process", "network"), "%s", said->text);
}

static int take_listener(struct rz_reporter *r, int *passed)
{
	if (*passed < 0)
		return 0;
	if (!rz_pass_is(*passed, RZ_FORBIDDEN_LISTENER))
		return -EBADMSG;
	r->calls_fd = *passed;
	*passed = -1;
	return rz_loop_add(r->loop, r->calls_fd, rz_reporter_on_call, r);
}

static int greeted(struct rz_reporter *r, const struct rz_intake_said *said, int *passed)
{
	if (take_listener(r, passed))
		return -EBADMSG;
	rz_debug("source: the network process %d: no rights, %s, forbidden system calls %s",
		 (int)r->pid,
		 said->confined & RZ_CONFINED_MOUNTS ? "every mount read-only"
						     : "mounts as they are",
		 r->calls_fd >= 0 ? "are counted" : "are not counted");
	rz_reporter_pass_files(r);
	return 0;
}

static int take(struct rz_reporter *r, size_t len, int *passed, char *why, size_t size)
{
	struct rz_intake_said said;
	uint64_t begin = rz_now_ns();
	int err =
		rz_intake_take(r->intake, &r->message, len, *passed >= 0, begin, &said, why, size);

	if (err)
		return err;
	switch (said.got) {
	case RZ_INTAKE_HELLO:
		err = greeted(r, &said, passed);
		if (err)
			snprintf(why, size, "a descriptor that is no seccomp listener");
		return err;
	case RZ_INTAKE_LOG:
		tell(r, &said);
		return 0;
	case RZ_INTAKE_PART:
		return 0;
	default:
		r->silent = 0;
		r->fault[0] = '\0';
		r->calls.changed(r->calls.arg);
		/* at most a tenth of the time goes here, whatever it says */
		r->rest_ns = (rz_now_ns() - begin) * 10;
		if (r->rest_ns < REPORT_REST_NS)
			r->rest_ns = REPORT_REST_NS;
		if (r->rest_ns > REPORT_REST_MAX)
			r->rest_ns = REPORT_REST_MAX;
		return 0;
	}
}

static void refused(struct rz_reporter *r, const char *what)
{
	char why[192];

	snprintf(why, sizeof(why), "was ended: it sent %s", what);
	end(r, -EBADMSG, why);
}

/* One message. False: there is none, or the process is gone. */
static bool read_one(struct rz_reporter *r)
{
	char why[160];
	int passed = -1, err;
	ssize_t n = rz_pass_receive(r->fd, &r->message, sizeof(r->message), &passed);

	if (n == -EAGAIN)
		return false;
	if (n == -EMSGSIZE || n == -EPROTO) {
		refused(r, n == -EPROTO ? "several descriptors at once" : "too much at once");
		return false;
	}
	if (n <= 0) {
		gone(r);
		return false;
	}
	err = take(r, (size_t)n, &passed, why, sizeof(why));
	if (passed >= 0)
		close(passed);
	if (err == -ENOMEM)
		return true; /* the next whole report is as good */
	if (err)
		refused(r, why);
	return !err;
}

static int on_rested(void *arg)
{
	struct rz_reporter *r = arg;

	if (r->fd >= 0 && r->resting)
		rz_loop_add(r->loop, r->fd, r->on_message, r);
	r->resting = false;
	return 0;
}

/* It waits for us in send(2) meanwhile. */
static void rest(struct rz_reporter *r, uint64_t ns)
{
	if (r->fd < 0)
		return;
	rz_loop_remove(r->loop, r->fd);
	r->resting = true;
	rz_loop_arm(r->timer, ns);
}

static int on_message(void *arg)
{
	struct rz_reporter *r = arg;
	int i;

	r->rest_ns = 0;
	for (i = 0; i < BATCH && !r->rest_ns; i++)
		if (!read_one(r))
			return 0;
	rest(r, r->rest_ns ? r->rest_ns : BATCH_REST_NS);
	return 0;
}

/* ---- each second ---- */

static void look_at_lines(struct rz_reporter *r)
{
	if (r->lines_dropped)
		rz_log_fields(RZ_LOG_WARN,
			      json_pack("{s:I}", "lines", (json_int_t)r->lines_dropped),
			      "source: %llu more lines of the network process were left out",
			      (unsigned long long)r->lines_dropped);
	r->lines_dropped = 0;
	r->lines =
		r->lines + LINES_A_SECOND < LINES_BURST ? r->lines + LINES_A_SECOND : LINES_BURST;
}

/* A reload may have changed it. No room: at the next look. */
static void pass_level(struct rz_reporter *r)
{
	struct rz_report_level m = {.head = rz_report_head(RZ_REPORT_LEVEL, sizeof(m)),
				    .level = r->conf->log_level};

	if (r->fd >= 0 && r->level != r->conf->log_level &&
	    !rz_pass_send(r->fd, &m, sizeof(m), -1, MSG_DONTWAIT))
		r->level = r->conf->log_level;
}

void rz_reporter_look(struct rz_reporter *r, uint64_t now_ns)
{
	char why[64];

	if (!r)
		return;
	look_at_lines(r);
	rz_reporter_count_calls(r);
	if (r->pid && ++r->silent > SILENT_LOOKS) {
		snprintf(why, sizeof(why), "was ended: it said nothing for %d s", SILENT_LOOKS);
		end(r, -ETIMEDOUT, why);
	}
	pass_level(r);
	if (r->pid)
		rz_reporter_pass_files(r);
	else if (rz_backoff_is_over(&r->backoff, now_ns) && rz_reporter_start(r))
		rz_backoff_ended(&r->backoff, AGAIN_NS, now_ns);
}

void rz_reporter_doubt(struct rz_reporter *r)
{
	struct rz_report_doubt m = {.head = rz_report_head(RZ_REPORT_DOUBT, sizeof(m))};

	if (r && r->fd >= 0)
		rz_pass_send(r->fd, &m, sizeof(m), -1, MSG_DONTWAIT);
}

/* ---- what is known ---- */

const struct rz_topo *rz_reporter_topo(const struct rz_reporter *r)
{
	return r ? rz_intake_topo(r->intake) : NULL;
}

const char *rz_reporter_own_zone(const struct rz_reporter *r)
{
	return r ? rz_intake_own_zone(r->intake) : "";
}

const char *rz_reporter_label_zone(const struct rz_reporter *r)
{
	return r ? rz_intake_label_zone(r->intake) : "";
}

const char *rz_reporter_cloud_zone(const struct rz_reporter *r)
{
	return r ? rz_intake_cloud_zone(r->intake) : "";
}

const char *rz_reporter_cloud_id(const struct rz_reporter *r)
{
	return r ? rz_intake_cloud_id(r->intake) : "";
}

size_t rz_reporter_rows(const struct rz_reporter *r, struct rz_source_row *rows, size_t max)
{
	return r ? rz_intake_rows(r->intake, r->fault, rows, max) : 0;
}

/* ---- begin and end ---- */

static int begin(struct rz_reporter *r)
{
	int err = rz_reporter_prepare(r);

	if (err)
		return err;
	r->timer = rz_loop_add_timer(r->loop, on_rested, r);
	return r->timer < 0 ? r->timer : rz_reporter_start(r);
}

/* A rezone that was built without it (WITH_KUBE=0) does without the cloud, unless it is asked for.
 */
bool rz_reporter_is_wanted(const struct rz_conf *c)
{
	enum rz_cloud_which cloud = rz_vendor_cloud((enum rz_cloud_which)c->cloud);

	return c->kube_service || c->kube_selector ||
	       (cloud != RZ_CLOUD_OFF && (c->cloud != RZ_CLOUD_AUTO || rz_reporter_installed()));
}

int rz_reporter_new(const struct rz_conf *c, struct rz_loop *loop,
		    const struct rz_reporter_calls *calls, struct rz_reporter **ret)
{
	struct rz_reporter *r;
	int err;

	if (!rz_reporter_is_wanted(c))
		return 0;
	r = calloc(1, sizeof(*r));
	if (!r)
		return rz_err(-ENOMEM, "run: out of memory");
	r->conf = c;
	r->loop = loop;
	r->calls = *calls;
	r->cloud = rz_vendor_cloud((enum rz_cloud_which)c->cloud);
	r->on_message = on_message;
	r->lines = LINES_BURST;
	r->fd = r->calls_fd = -1;
	r->token.kind = RZ_REPORT_TOKEN;
	r->ca.kind = RZ_REPORT_CA;
	err = begin(r);
	if (err) {
		rz_reporter_free(r);
		return err;
	}
	*ret = r;
	return 0;
}

void rz_reporter_free(struct rz_reporter *r)
{
	if (!r)
		return;
	rz_reporter_kill(r, NULL);
	rz_intake_free(r->intake);
	free(r->server);
	free(r->token.path);
	free(r->ca.path);
	free(r);
}
