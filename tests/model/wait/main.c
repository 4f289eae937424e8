// SPDX-License-Identifier: Apache-2.0
/*
 * A million moves, each against another random sequence of what the kernel may report: the
 * product's waiting (user/move/wait.c, evidence.c) and last check (include/rezone/responses.h)
 * against the naive rule (rule.c). Part of `make model`.
 *
 * Comes in: MODEL_SEED (the first move), MODEL_RUNS (how many). Goes out: how they ended; at a
 * broken rule the move's seed; as the last line "N passed, N failed".
 */
#include <inttypes.h>

#include "policy/reason.h"
#include "world.h"

#define MOVES	    1000000
#define LEAST_OFTEN 100 /* moves of each kind, or the worlds are not what they should be */
#define MARGIN_NS   (200 * MS_NS) /* of move/close.c */

static struct {
	uint64_t steps, moves, tries, closed, closed_held, closed_over_hole, closed_listened,
		closed_soon, holds, bridges, given_up, refused, probes;
	uint64_t checks[RZ_CHECK_COUNT];
} sum;

static bool broken(const struct world *w, uint64_t seed, const char *what)
{
	uint32_t i;

	printf("BROKEN in move %" PRIu64 ": %s\n    again: MODEL_SEED=%" PRIu64
	       " MODEL_RUNS=1 %s\n",
	       seed, what, seed, "build/model-wait");
	printf("    passed %u tcp %u agent %u sent %u written %u dropped %u; out %u acked %u; "
	       "%s%s%s%s "
	       "phase %d gap %d hold %d settle %d; last %u must %u before %u must_end %u; number "
	       "%u\n",
	       w->passed, w->tcp, w->agent, w->sent, w->written, w->dropped_end, w->out, w->acked,
	       w->plan.close == RZ_CLOSE_FIN ? "fin " : "", w->plan.gap_only ? "gap-only " : "",
	       w->plan.acks0 ? "acks0 " : "", w->l.one_step ? "one-step " : "", w->w.phase,
	       (int)(w->l.gap_ns / MS_NS), (int)(w->l.hold_ns / MS_NS),
	       (int)(w->l.settle_ns / MS_NS), w->h.last, w->h.must, w->h.must_before,
	       w->h.must_end - w->base, w->h.answers.number);
	for (i = 0; i < w->n; i++)
		printf("    request %u: %u to %u, %s, number %u%s, response to %u, %d ms ago\n", i,
		       w->req[i].begin, w->req[i].end,
		       w->req[i].kind == MUST	      ? "must"
		       : w->req[i].kind == REPEATABLE ? "repeatable"
						      : "no response",
		       w->req[i].number, w->req[i].noted ? " noted" : "", w->req[i].out_end,
		       w->req[i].out_ns ? (int)((w->now_ns - w->req[i].out_ns) / MS_NS) : -1);
	return false;
}

static struct rz_move_evidence evidence(const struct world *w)
{
	bool watched = rz_wait_needs_gap(&w->plan, &w->l);
	struct rz_move_evidence e;

	rz_evidence_of(&w->c, watched ? &w->h : NULL, &e);
	return e;
}

static enum rz_check eligible(const struct world *w)
{
	return rz_check_eligible(&w->c.frame, 1, 7, true, w->plan.acks0);
}

/* Where user space checks, the maps are read before TCP, and things happen in between. */
static enum rz_check check_in_pieces(struct world *w)
{
	static struct rz_hold h;
	struct rz_conn c = w->c;
	struct rz_destroy_seen tcp;
	bool gap = rz_wait_needs_gap(&w->plan, &w->l);

	memcpy(&h, &w->h, offsetof(struct rz_hold, expected));
	world_goes_on(w);
	tcp = world_tcp(w);
	return rz_evidence_check(&c, &h, &tcp, gap ? &w->w.settled : NULL,
				 rz_plan_gap_only(&w->plan));
}

/* What stands in move/close.c between a check and a close that are two steps. */
static enum rz_check between(struct world *w)
{
	struct rz_move_evidence e;

	if (w->plan.close == RZ_CLOSE_FIN && w->w.phase == RZ_PHASE_HOLD &&
	    w->now_ns + MARGIN_NS > w->w.deadline_ns)
		return RZ_CHECK_HOLD_ENDS;
	/* else nobody promises anything */
	if (w->l.hold_ns && !w->plan.acks0 && rz_wait_needs_gap(&w->plan, &w->l))
		world_goes_on(w);
	e = evidence(w);
	return rz_wait_gap_is_over(&w->w, &w->plan, &e) ? RZ_CHECK_HELD : RZ_CHECK_PASSED;
}

static enum rz_check try_close(struct world *w)
{
	bool fin = w->plan.close == RZ_CLOSE_FIN;
	enum rz_check check;

	sum.tries++;
	world_goes_on(w); /* since the evidence was read */
	check = eligible(w);
	if (check == RZ_CHECK_PASSED)
		check = w->l.one_step ? world_walk(w) : check_in_pieces(w);
	if (check == RZ_CHECK_PASSED && (fin || !w->l.one_step))
		check = between(w);
	sum.checks[check]++;
	return check;
}

/* A move never waits for longer, whatever the client does. */
static uint64_t longest_ns(const struct world *w)
{
	return 2 * (w->l.gap_ns + w->l.hold_ns) + w->l.hold_ns + 4 * w->l.settle_ns + 200 * MS_NS +
	       (w->plan.probe ? 6500 * MS_NS : 0);
}

static void count_end(const struct world *w)
{
	sum.closed++;
	sum.closed_held += w->w.held_ns && w->h.held != w->w.held_before;
	sum.closed_over_hole += w->w.held_ns && w->early_end && w->c.frame.produce;
	sum.closed_soon +=
		w->plan.drains && w->w.quiet_ns && w->now_ns < w->w.quiet_ns + 4 * w->l.settle_ns;
	/* by what was heard of it before: no request has come since the move began */
	sum.closed_listened += w->listened && w->h.last && w->c.last_request_ns < w->begun_ns;
}

static bool run_move(uint64_t seed)
{
	static struct world w;
	struct rz_decision d;
	struct rz_move_evidence e;
	enum rz_check check;
	const char *what;

	world_make(&w, seed);
	sum.moves++;
	while (true) {
		world_waits(&w);
		sum.steps++;
		e = evidence(&w);
		if (e.deepest > w.deepest)
			return broken(&w, seed, "more requests were in flight than there were");
		d = rz_wait_decide(&w.w, &w.plan, &e, &w.l, w.now_ns);
		if (d.act == RZ_ACT_TRY) {
			check = try_close(&w);
			what = check == RZ_CHECK_PASSED ? broken_by_close(&w) : NULL;
			if (what)
				return broken(&w, seed, what);
			if (check == RZ_CHECK_PASSED) {
				count_end(&w);
				return true;
			}
			if (check < RZ_CHECK_FIRST_TO_WAIT) {
				sum.refused++;
				return true;
			}
			d = rz_wait_refused(&w.w, &w.plan, &e, &w.l, check, w.now_ns);
		}
		if (d.act == RZ_ACT_HOLD) {
			sum.holds++;
			sum.bridges += w.w.bridge;
			sum.probes += w.w.probed_ns == w.now_ns;
			what = broken_by_hold(&w, &e);
			if (what)
				return broken(&w, seed, what);
		}
		if (d.act == RZ_ACT_GIVE_UP) {
			sum.given_up++;
			sum.checks[d.check]++;
			if (d.check == RZ_CHECK_PASSED)
				return broken(&w, seed, "given up without a reason");
			return true;
		}
		if (w.now_ns > w.begun_ns + longest_ns(&w))
			return broken(&w, seed, "it waits for ever");
	}
}

/* Results that these worlds must come to often, or they show nothing. */
static const enum rz_check wanted[] = {
	RZ_CHECK_SEVERAL,      RZ_CHECK_NOT_ACCEPTED, RZ_CHECK_UNSEEN,	      RZ_CHECK_UNACKED,
	RZ_CHECK_UNREAD,       RZ_CHECK_OUT_OF_ORDER, RZ_CHECK_NEW_REQUEST,   RZ_CHECK_PART_REQUEST,
	RZ_CHECK_NOT_FOLLOWED, RZ_CHECK_UNANSWERED,   RZ_CHECK_PART_RESPONSE, RZ_CHECK_SETTLING,
	RZ_CHECK_HELD,	       RZ_CHECK_SILENT,	      RZ_CHECK_PROBED,
};

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

int main(void)
{
	uint64_t seed = number("MODEL_SEED", 1), runs = number("MODEL_RUNS", 0), i, bad = 0;
	size_t rare = 0, k;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < (runs ? runs : MOVES) && bad < 5; i++)
		bad += !run_move(seed + i);
	printf("%" PRIu64 " moves, %" PRIu64 " steps, %" PRIu64 " last checks: %" PRIu64
	       " closed (%" PRIu64 " after a hold that dropped something, %" PRIu64
	       " held over a hole, %" PRIu64 " by what was listened to before, %" PRIu64
	       " in a short pause), %" PRIu64 " given up, %" PRIu64 " refused; %" PRIu64
	       " holds, %" PRIu64 " of them to bridge, %" PRIu64 " to probe\n",
	       sum.moves, sum.steps, sum.tries, sum.closed, sum.closed_held, sum.closed_over_hole,
	       sum.closed_listened, sum.closed_soon, sum.given_up, sum.refused, sum.holds,
	       sum.bridges, sum.probes);
	for (k = 0; k < RZ_CHECK_COUNT; k++)
		if (sum.checks[k])
			printf("    %8" PRIu64 "  %s\n", sum.checks[k], rz_check_name(k));
	for (k = 0; k < COUNT(wanted) && !runs; k++)
		if (sum.checks[wanted[k]] < LEAST_OFTEN) {
			printf("FAILED: hardly ever: %s\n", rz_check_name(wanted[k]));
			rare++;
		}
	if (sum.closed_over_hole < LEAST_OFTEN && !runs) {
		printf("FAILED: hardly ever closed over a hole\n");
		rare++;
	}
	if (sum.closed_listened < LEAST_OFTEN && !runs) {
		printf("FAILED: hardly ever closed by what was listened to before\n");
		rare++;
	}
	if (sum.closed_soon < LEAST_OFTEN && !runs) {
		printf("FAILED: hardly ever closed in a short pause\n");
		rare++;
	}
	printf("%d passed, %d failed\n", !bad && !rare, bad || rare);
	return bad || rare;
}
