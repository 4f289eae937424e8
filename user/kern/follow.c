// SPDX-License-Identifier: Apache-2.0
/* Clients that are followed after the close, see follow.h. */
#include "kern/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "kern/batch.h"
#include "kern/live.h"

struct rz_follow_key rz_follow_key_of(uint64_t client, const struct rz_tuple *t, uint32_t netns)
{
	struct rz_follow_key key = {.client = client, .netns = netns, .agent_port = t->agent_port};

	memcpy(key.client_addr, t->client_addr, sizeof(key.client_addr));
	memcpy(key.agent_addr, t->agent_addr, sizeof(key.agent_addr));
	return key;
}

int rz_follow_begin(struct rz_kern *k, const struct rz_follow_key *key,
		    const struct rz_follow_terms *terms)
{
	uint64_t now_ns = rz_now_ns();
	struct rz_follow e = {.client = key->client,
			      .moved = terms->moved,
			      .since_ns = now_ns,
			      .until_ns = now_ns + terms->for_ns,
			      .hold_ns = terms->hold_ns,
			      .idle_ns = terms->idle_ns,
			      .software = terms->software};

	rz_kern_follow(k, true);
	if (!bpf_map_update_elem(rz_kern_maps(k)->follow, key, &e, BPF_NOEXIST))
		return 0;
	return errno == EEXIST ? -EBUSY : -errno;
}

void rz_follow_closes(const struct rz_maps *maps, const struct rz_follow_row *r, uint64_t now_ns)
{
	struct rz_follow e = r->follow;

	e.closed_ns = now_ns;
	bpf_map_update_elem(maps->follow, &r->key, &e, BPF_F_LOCK | BPF_EXIST);
}

void rz_follow_end(const struct rz_maps *maps, const struct rz_follow_key *key)
{
	bpf_map_delete_elem(maps->follow, key);
}

bool rz_follow_has_come(const struct rz_maps *maps, const struct rz_follow_key *key)
{
	struct rz_follow e;

	return !bpf_map_lookup_elem_flags(maps->follow, key, &e, BPF_F_LOCK) && e.cookie;
}

int rz_follow_read(const struct rz_maps *maps, struct rz_follow_row **ret, size_t *ret_n)
{
	struct rz_batch_row row = RZ_BATCH_ROW(struct rz_follow_row, key, follow);

	return rz_batch_read_rows(maps->follow, &row, BPF_F_LOCK, (void **)ret, ret_n);
}

static int by_since(const void *a, const void *b)
{
	const struct rz_follow_row *x = a, *y = b;

	return (x->follow.since_ns > y->follow.since_ns) -
	       (x->follow.since_ns < y->follow.since_ns);
}

int rz_follow_read_next(const struct rz_maps *maps, struct rz_follow_row **ret, size_t *ret_n)
{
	size_t i, n, kept = 0;
	struct rz_follow_row *rows;
	int err = rz_follow_read(maps, &rows, &n);

	if (err)
		return err;
	for (i = 0; i < n; i++)
		if (rows[i].follow.software)
			rows[kept++] = rows[i];
	qsort(rows, kept, sizeof(*rows), by_since);
	*ret = rows;
	*ret_n = kept;
	return 0;
}
