/* SPDX-License-Identifier: Apache-2.0 */
/* Between ask.c (who is asked, and what follows) and ask_process.c (the process that asks). */
#ifndef RZ_DAEMON_ASK_INSIDE_H
#define RZ_DAEMON_ASK_INSIDE_H

#include "daemon/daemon.h"
#include "report/asking.h"

#define RZ_ASK_CONNS_MAX 4096 /* for whose sake agents are asked at a time */

struct rz_daemon_question {
	struct rz_asking_conn conn;
	int fd;	   /* of it; -1: it could not be opened */
	bool seen; /* it ends where it should */
	bool answered;
	int error; /* -errno; 0: what follows is so */
	unsigned produce_max;
};

struct rz_daemon_ask {
	struct rz_asked asked;
	struct rz_asking talk;
	struct rz_daemon_question rows[RZ_REPORT_ASKS_MAX];
	size_t n;
	struct {
		uint64_t cookie;
		size_t row;
	} conns[RZ_ASK_CONNS_MAX];
	size_t n_conns;
	uint64_t next; /* cookie: the first one for which there was no room; 0: there was for all */
	pid_t pid;     /* 0: it does not run */
	pid_t ending;  /* could not be killed, and is to end by itself; 0: none */
	uint64_t ending_ns; /* ... since when */
	bool told_ending;   /* ... and it has been told that it does not */
	int fd, calls_fd, timer;
	void (*finished)(struct rz_daemon *d);
	bool told_call; /* the log has said that this process made a forbidden call */
};

/* ask_process.c: opens a connection for each row and puts them to a new process. When all have
 * answered, or no other answer will come, it calls finished(), which ends this. */
void rz_daemon_ask_run(struct rz_daemon *d, void (*finished)(struct rz_daemon *d));
void rz_daemon_ask_end(struct rz_daemon *d); /* the process, if it runs, and the connections */
/* Is there none any more? Waits for the one that ends by itself, if it has. */
bool rz_daemon_ask_has_ended(struct rz_daemon *d);
/* Its time is over. */
int rz_daemon_ask_late(void *daemon);

#endif
