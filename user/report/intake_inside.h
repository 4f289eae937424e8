/* SPDX-License-Identifier: Apache-2.0 */
/* Between intake.c (what is known) and intake_check.c (what is refused). */
#ifndef RZ_REPORT_INTAKE_INSIDE_H
#define RZ_REPORT_INTAKE_INSIDE_H

#include "report/intake.h"

struct rz_intake {
	struct rz_intake_conf conf;
	bool greeted;		      /* HELLO has come */
	uint64_t sent_ns;	      /* of the latest state of this process */
	struct rz_topo_agent *agents; /* of the report under way */
	size_t n_agents, room;
	uint64_t proved_ns[RZ_REPORT_TARGETS_MAX]; /* what this process has said */

	/* in force, whichever process said it */
	struct rz_topo *topo;
	struct rz_source_row rows[RZ_REPORT_TARGETS_MAX];
	uint64_t newest[RZ_REPORT_TARGETS_MAX];
	char own_zone[RZ_ZONE_SIZE], label_zone[RZ_ZONE_SIZE];
	struct rz_source_row cloud;
	char cloud_zone[RZ_ZONE_SIZE], cloud_id[RZ_ZONE_SIZE];
};

/* One line for whoever reads the log. */
struct rz_intake_complaint {
	char *why;
	size_t size;
};

/* Says why. -EBADMSG. */
int rz_intake_refuse(const struct rz_intake_complaint *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What is wrong with an agent; NULL: nothing. */
const char *rz_intake_wrong_with(const struct rz_intake *in, const struct rz_report_agent *a);

/* Is this state one that may end the report under way? 0 or -EBADMSG. */
int rz_intake_check_state(const struct rz_intake *in, const struct rz_report_state *m,
			  uint64_t now_ns, const struct rz_intake_complaint *c);

#endif
