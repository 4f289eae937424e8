// SPDX-License-Identifier: Apache-2.0
/* The circuit breaker, see breaker.h. */
#include "policy/breaker.h"

_Static_assert(RZ_BREAKER_WINDOW == 64, "the window is one word");

void rz_breaker_note(struct rz_breaker *b, const struct rz_outcome_row *row, uint64_t now_ns)
{
	if (!b->share || b->open || row->moved_ns < b->closed_ns)
		return;
	if (row->late && row->outcome != RZ_OUTCOME_RETURNED)
		return; /* counted as not futile when it was due */
	if (row->by_hand)
		return; /* it says nothing of the policy's choice */
	b->window = b->window << 1 | (row->outcome == RZ_OUTCOME_RETURNED);
	if (b->n < RZ_BREAKER_WINDOW)
		b->n++;
	/* 0.14 * 50 is a little more than 7 */
	if (b->n < RZ_BREAKER_LEAST || __builtin_popcountll(b->window) < b->share * b->n - 1e-9)
		return;
	b->open = true;
	b->opened++;
	b->open_until_ns = now_ns + b->for_ns;
}

bool rz_breaker_open(struct rz_breaker *b, uint64_t now_ns)
{
	if (b->open && now_ns >= b->open_until_ns) {
		b->open = false;
		b->closed_ns = now_ns;
		b->window = 0;
		b->n = 0;
	}
	return b->open;
}
