// SPDX-License-Identifier: Apache-2.0
/* The newest versions that an agent was sent, see newest.h. */
#include "kern/newest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static struct rz_newest_row row_of(const struct rz_conn *c)
{
	struct rz_newest_row row = {.at.port = c->tuple.agent_port, .netns = c->netns};

	memcpy(row.at.addr, c->tuple.agent_addr, sizeof(row.at.addr));
	return row;
}

static int by_agent(const void *a, const void *b)
{
	const struct rz_newest_row *x = a, *y = b;
	int d = memcmp(&x->at, &y->at, sizeof(x->at));

	return d ? d : (x->netns > y->netns) - (x->netns < y->netns);
}

static void raise_to(struct rz_newest_row *to, const __u8 *versions)
{
	size_t i;

	for (i = 0; i < RZ_PRINT_APIS; i++)
		if (versions[i] != RZ_PRINT_DIFFERS && versions[i] > to->versions[i])
			to->versions[i] = versions[i];
}

int rz_newest_learn(struct rz_snapshot *s)
{
	size_t i, kept = 0;

	s->newest = calloc(s->n_prints + 1, sizeof(*s->newest));
	if (!s->newest)
		return rz_err(-ENOMEM, "prints: no memory");
	for (i = 0; i < s->n_prints; i++) {
		const struct rz_conn *c = rz_snapshot_conn(s, s->prints[i].cookie);

		if (!c)
			continue;
		s->newest[s->n_newest] = row_of(c);
		raise_to(&s->newest[s->n_newest++], s->prints[i].print.versions);
	}
	qsort(s->newest, s->n_newest, sizeof(*s->newest), by_agent);
	for (i = 0; i < s->n_newest; i++)
		if (kept && !by_agent(&s->newest[kept - 1], &s->newest[i]))
			raise_to(&s->newest[kept - 1], s->newest[i].versions);
		else
			s->newest[kept++] = s->newest[i];
	s->n_newest = kept;
	return 0;
}

const __u8 *rz_newest_find(const struct rz_snapshot *s, const struct rz_conn *c)
{
	static const __u8 none[RZ_PRINT_APIS];
	struct rz_newest_row key = row_of(c);
	const struct rz_newest_row *r =
		s->n_newest ? bsearch(&key, s->newest, s->n_newest, sizeof(key), by_agent) : NULL;

	return r ? r->versions : none;
}
