// SPDX-License-Identifier: Apache-2.0
/* What moves have saved, see saving.h. Pure. */
#include "policy/saving.h"

#include <string.h>

static bool crossed(const struct rz_ledger_key *z)
{
	return *z->client_zone && *z->agent_zone && strcmp(z->client_zone, z->agent_zone);
}

static void add(struct rz_saving *s, const struct rz_saved *m, uint64_t now_unix_ns)
{
	/* the clock may have been set back since */
	double since =
		now_unix_ns > m->moved_unix_ns ? (double)(now_unix_ns - m->moved_unix_ns) : 0;
	double seen = (double)m->seen_ns, least = since < seen ? since : seen;

	if (m->outcome == RZ_OUTCOME_HOME) {
		s->least_rx += (double)m->rx_bytes / seen * least;
		s->least_tx += (double)m->tx_bytes / seen * least;
	}
	s->most_rx += (double)m->rx_bytes / seen * since;
	s->most_tx += (double)m->tx_bytes / seen * since;
}

struct rz_saving rz_saving_of(const struct rz_saved *moves, size_t n, uint64_t now_unix_ns)
{
	struct rz_saving s = {};
	size_t i;

	for (i = 0; i < n; i++) {
		const struct rz_saved *m = &moves[i];

		if (!crossed(&m->zones) || !m->seen_ns)
			continue;
		s.moves++;
		s.home += m->outcome == RZ_OUTCOME_HOME;
		s.left += m->outcome == RZ_OUTCOME_LEFT;
		s.returned += m->outcome == RZ_OUTCOME_RETURNED;
		s.open += m->outcome == RZ_OUTCOME_NONE;
		if (m->outcome == RZ_OUTCOME_HOME || m->outcome == RZ_OUTCOME_LEFT)
			add(&s, m, now_unix_ns);
	}
	return s;
}
