// SPDX-License-Identifier: Apache-2.0
/* The circuit breaker, see breaker.h. */
#include "policy/breaker.h"

#include <string.h>

/* The address's earlier vote goes, or else, if there is no room, the oldest one. */
static void vote(struct rz_breaker *b, const struct rz_vote *v)
{
	unsigned i = 0;

	while (i < b->n && memcmp(b->votes[i].addr, v->addr, sizeof(v->addr)))
		i++;
	if (i == b->n && b->n == RZ_BREAKER_WINDOW)
		i = 0;
	if (i < b->n)
		memmove(&b->votes[i], &b->votes[i + 1], (--b->n - i) * sizeof(*v));
	b->votes[b->n++] = *v;
}

static unsigned count_futile(const struct rz_breaker *b)
{
	unsigned i, n = 0;

	for (i = 0; i < b->n; i++)
		n += b->votes[i].futile;
	return n;
}

void rz_breaker_note(struct rz_breaker *b, const struct rz_outcome_row *row, uint64_t now_ns)
{
	struct rz_vote v;

	if (!b->share || b->open || row->moved_ns < b->closed_ns)
		return;
	if (row->late && row->outcome != RZ_OUTCOME_RETURNED)
		return; /* counted as not futile when it was due */
	if (row->by_hand)
		return; /* it says nothing of the policy's choice */
	v.futile = row->outcome == RZ_OUTCOME_RETURNED;
	memcpy(v.addr, row->addr, sizeof(v.addr));
	vote(b, &v);
	/* 0.14 * 50 is a little more than 7 */
	if (b->n < RZ_BREAKER_LEAST || count_futile(b) < b->share * b->n - 1e-9)
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
		b->n = 0;
	}
	return b->open;
}
