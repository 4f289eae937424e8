/* SPDX-License-Identifier: Apache-2.0 */
/* Between reporter.c, reporter_start.c and reporter_calls.c: the network process. */
#ifndef RZ_DAEMON_REPORTER_INSIDE_H
#define RZ_DAEMON_REPORTER_INSIDE_H

#include <sys/socket.h>
#include <sys/stat.h>

#include "base/backoff.h"
#include "daemon/reporter.h"
#include "report/intake.h"
#include "report/report.h"
#include "source/vendor.h"

/* A file that the daemon opens for the process. */
struct rz_reporter_file {
	char *path; /* NULL: there is none */
	enum rz_report_kind kind;
	struct stat seen; /* what was passed */
	bool passed;	  /* to this process */
	int error;	  /* why there was nothing to pass */
};

struct rz_reporter {
	const struct rz_conf *conf;
	struct rz_loop *loop;
	struct rz_reporter_calls calls;
	struct rz_intake *intake;
	char *server;
	enum rz_cloud_which cloud;
	size_t n_targets;
	struct rz_reporter_file token, ca;
	enum rz_log_level level; /* that the process has */

	pid_t pid;	  /* 0: it does not run */
	int fd, calls_fd; /* -1 */
	int timer;
	rz_loop_fn on_message; /* when fd has something to read */
	bool resting;	       /* fd is not in the loop: it may say more when the timer rings */
	uint64_t rest_ns;      /* for so long, after the latest message */
	unsigned silent;       /* looks since its latest report */
	struct rz_backoff backoff;
	char fault[RZ_SOURCE_NOTE]; /* what is wrong with it, "" */
	unsigned lines;		    /* of the log that it may have now */
	uint64_t lines_dropped;
	uint64_t forbidden; /* calls, that nobody was told of yet */
	int forbidden_nr;   /* the latest */
	union {
		struct rz_report_head head;
		char room[RZ_REPORT_MAX];
		uint64_t align;
	} message;
};

/* reporter_start.c: what is asked, and where; each 0 or -errno, logged. */
int rz_reporter_prepare(struct rz_reporter *r);
int rz_reporter_start(struct rz_reporter *r);
void rz_reporter_kill(struct rz_reporter *r, int *ret_status); /* how it ended; may be NULL */
/* Opens the token and the CA file, if they are other ones than before, and passes them. */
void rz_reporter_pass_files(struct rz_reporter *r);

/* reporter_calls.c */
int rz_reporter_on_call(void *arg);
void rz_reporter_count_calls(struct rz_reporter *r);

#endif
