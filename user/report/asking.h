/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon takes of what the process says that asks agents, where a connection to an agent
 * must end, and when an agent is asked again. Pure.
 *
 * Comes in: datagrams of report.h, which anybody may have written; entries of map conns. Goes out:
 * whether they are what that process may say now, and the other end of what the daemon opened.
 * Called by daemon/ask*.c, and on noise by tests/fuzz/fuzz_asking.c.
 */
#ifndef RZ_REPORT_ASKING_H
#define RZ_REPORT_ASKING_H

#include "base/backoff.h"
#include "report/report.h"

/* One process. All zero: it has said nothing yet. */
struct rz_asking {
	bool greeted;
	unsigned n;	   /* agents that it was told */
	unsigned answered; /* bit i: number i, or it is not the process that is to answer it */
	unsigned lines;	   /* that it has logged */
};
#define RZ_ASKING_LINES_MAX 32

/*
 * One datagram, as it came (`msg` aligned as a struct). `passed`: a descriptor came with it, which
 * HELLO alone may have, and must if it says that forbidden calls come there. HELLO, LOG or ANSWER,
 * each checked: an answer is one of a question that was not answered yet, its error none or one of
 * errno's, its versions a range below RZ_TOLD_NO_ANSWER. RZ_REPORT_NONE, with a line in `why`: the
 * process is to be ended.
 */
enum rz_report_kind rz_asking_take(struct rz_asking *a, const void *msg, size_t len, bool passed,
				   char *why, size_t size);

/* A connection that the daemon itself has opened to ask an agent. */
struct rz_asking_conn {
	struct rz_endpoint agent, local;
	__u32 netns;	   /* where the connections end for whose sake it is asked */
	uint64_t since_ns; /* when it was about to be opened */
};

/* Is this connection, which BPF saw, the other end of it? None that was there before is: an address
 * may lead elsewhere from the daemon's network namespace, and a client's connection have the same
 * address and port in the agent's. */
bool rz_asking_ends_at(const struct rz_asking_conn *a, const struct rz_conn *c);

/* Agents that were asked lately. One with an answer is asked again after RZ_ASKED_AGAIN_NS if
 * another connection needs it; one without, later each time, up to 10 minutes. Of more than
 * RZ_ASKED_MAX the one that was asked the longest ago is forgotten, and may be asked again. */
#define RZ_ASKED_AGAIN_NS 10000000000ULL
#define RZ_ASKED_MAX	  256
struct rz_asked {
	struct rz_asked_row {
		struct rz_endpoint at;
		__u32 netns;
		uint64_t asked_ns; /* 0: the row is free */
		struct rz_backoff backoff;
	} rows[RZ_ASKED_MAX];
};

/* May it be asked now? No, if it was lately. */
bool rz_asked_is_due(const struct rz_asked *a, const struct rz_endpoint *at, __u32 netns,
		     uint64_t now_ns);
/* It is asked. */
void rz_asked_begin(struct rz_asked *a, const struct rz_endpoint *at, __u32 netns, uint64_t now_ns);
/* Did it not answer the last time, and is not to be asked yet? */
bool rz_asked_is_silent(const struct rz_asked *a, const struct rz_endpoint *at, __u32 netns,
			uint64_t now_ns);
/* It has answered, or not. */
void rz_asked_end(struct rz_asked *a, const struct rz_endpoint *at, __u32 netns, bool answered,
		  uint64_t now_ns);

#endif
