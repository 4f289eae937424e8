// SPDX-License-Identifier: Apache-2.0
/* What became of one move, see outcome.h. */
#include "policy/outcome.h"

#include <string.h>

/* Away weighs more than home, but the client may yet come home for as long as after_ns is not over.
 * What is idle until then may be between two requests. */
static enum rz_outcome judge(struct rz_open_move *m, uint64_t after_ns, uint64_t now_ns)
{
	const uint64_t *seen = m->evidence;
	bool due = now_ns >= m->row.moved_ns + after_ns;

	m->row.seen = seen[RZ_EVIDENCE_AWAY]   ? seen[RZ_EVIDENCE_AWAY]
		      : seen[RZ_EVIDENCE_HOME] ? seen[RZ_EVIDENCE_HOME]
					       : seen[RZ_EVIDENCE_IDLE];
	if (seen[RZ_EVIDENCE_AWAY])
		return due ? RZ_OUTCOME_RETURNED : RZ_OUTCOME_NONE;
	if (seen[RZ_EVIDENCE_IDLE] && (!due || m->early))
		return RZ_OUTCOME_NONE;
	if (seen[RZ_EVIDENCE_HOME])
		return RZ_OUTCOME_HOME;
	if (seen[RZ_EVIDENCE_IDLE])
		due = now_ns >= m->row.moved_ns + RZ_OUTCOME_PATIENCE * after_ns;
	return due ? RZ_OUTCOME_LEFT : RZ_OUTCOME_NONE;
}

bool rz_outcome_settle(struct rz_open_move *m, uint64_t after_ns, uint64_t now_ns)
{
	bool due = now_ns >= m->row.moved_ns + after_ns;
	bool tell;

	m->row.outcome = judge(m, after_ns, now_ns);
	m->row.known_ns = now_ns;
	m->row.late = m->late && m->row.outcome != RZ_OUTCOME_NONE;
	tell = m->row.outcome != RZ_OUTCOME_NONE || (due && !m->late);
	m->late |= due;
	memset(m->evidence, 0, sizeof(m->evidence));
	m->early = false;
	return tell;
}
