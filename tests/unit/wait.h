/* SPDX-License-Identifier: Apache-2.0 */
/* A move that waits, step by step: for the tests of user/move/wait.c. */
#ifndef TESTS_UNIT_WAIT_H
#define TESTS_UNIT_WAIT_H

#include "unit.h"

#include "move/wait.h"

#define MS 1000000ULL
#define T0 (1000 * SECOND_NS)

/* A move and what the next step shows it. */
struct story {
	struct rz_plan plan;
	struct rz_wait_limits l;
	struct rz_wait w;
	struct rz_move_evidence e;
	uint64_t now_ns;
};

/* A producer whose responses are followed, and all out. */
static inline struct story begin(void)
{
	return (struct story){
		.plan = {.close = RZ_CLOSE_RESET},
		.l = {.gap_ns = 1000 * MS,
		      .hold_ns = 5000 * MS,
		      .settle_ns = 100 * MS,
		      .one_step = true},
		.w = rz_wait_begin(T0),
		.e = {.tracked = true,
		      .watched = true,
		      .matters = true,
		      .followed = true,
		      .whole = {.must = 5},
		      .part = {.must = 4},
		      .repeated = true,
		      .request_seen = true},
		.now_ns = T0,
	};
}

static inline void then(struct story *s, uint64_t after_ms, enum rz_act act, enum rz_check check)
{
	struct rz_decision d;

	s->now_ns += after_ms * MS;
	d = rz_wait_decide(&s->w, &s->plan, &s->e, &s->l, s->now_ns);
	if (d.act != act || (act != RZ_ACT_TRY && act != RZ_ACT_HOLD && d.check != check))
		fail_msg("%llu ms after the begin: act %d, check %d",
			 (unsigned long long)((s->now_ns - T0) / MS), d.act, d.check);
}

static inline void unanswered(struct story *s, bool so)
{
	s->e.whole.out = s->e.part.out = so ? RZ_CHECK_UNANSWERED : RZ_CHECK_PASSED;
}

#endif
