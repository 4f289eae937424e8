/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon takes of what the network process says. Pure.
 *
 * Comes in: datagrams of report.h, which anybody may have written. Goes out: a topology in which
 * everything has been checked as a topology file is checked (addresses, ports, the grammar of
 * zones, no agent twice, the number that fits), and one row for each source; or one line that says
 * what is wrong, and then what was known before stays. Called by daemon/reporter.c, and on noise by
 * tests/fuzz/fuzz_report.c.
 */
#ifndef RZ_REPORT_INTAKE_H
#define RZ_REPORT_INTAKE_H

#include "base/log.h"
#include "report/report.h"
#include "topo/source.h"
#include "topo/topo.h"

/* What the network process was asked for. Names and groups are the daemon's: it is believed none.
 */
struct rz_intake_target {
	char name[RZ_SOURCE_NAME];
	char group[RZ_GROUP_SIZE];
};
struct rz_intake_conf {
	struct rz_intake_target targets[RZ_REPORT_TARGETS_MAX];
	size_t n_targets;
	char cloud[RZ_SOURCE_NAME]; /* name of the cloud's row, "": it is not asked */
};

struct rz_intake;

int rz_intake_new(const struct rz_intake_conf *c, struct rz_intake **ret);
void rz_intake_free(struct rz_intake *in); /* takes NULL */

/* Another process begins. What was known stays, but what one process said in part is dropped. */
void rz_intake_begin(struct rz_intake *in);

enum rz_intake_got {
	RZ_INTAKE_PART,	    /* goes on */
	RZ_INTAKE_HELLO,    /* `confined` of *ret is filled */
	RZ_INTAKE_LOG,	    /* `level` and `text` are filled */
	RZ_INTAKE_STATE,    /* rows are as of now */
	RZ_INTAKE_TOPOLOGY, /* likewise, and the topology is another one */
};
struct rz_intake_said {
	enum rz_intake_got got;
	uint32_t confined;
	enum rz_log_level level;
	char text[RZ_REPORT_TEXT];
};

/*
 * Takes one datagram, as it came (`msg` aligned as a struct). `passed`: a descriptor came with it,
 * which HELLO alone may have. 0, -ENOMEM, or -EBADMSG with one line in `why`.
 */
int rz_intake_take(struct rz_intake *in, const void *msg, size_t len, bool passed, uint64_t now_ns,
		   struct rz_intake_said *ret, char *why, size_t size);

/* What is known now; NULL before the first topology. Lives until the next one. */
const struct rz_topo *rz_intake_topo(const struct rz_intake *in);
const char *rz_intake_own_zone(const struct rz_intake *in);
const char *rz_intake_label_zone(const struct rz_intake *in);
const char *rz_intake_cloud_zone(const struct rz_intake *in);
const char *rz_intake_cloud_id(const struct rz_intake *in);

/* Rows of the targets, then one of the cloud if it is asked. `fault`: what is wrong with the
 * process itself, "" if nothing; it stands in each row that has nothing worse to say. */
size_t rz_intake_rows(const struct rz_intake *in, const char *fault, struct rz_source_row *rows,
		      size_t max);

/* For the next process: had this target agents, and which version was seen? */
bool rz_intake_full(const struct rz_intake *in, size_t target);
uint64_t rz_intake_newest(const struct rz_intake *in, size_t target);

#endif
