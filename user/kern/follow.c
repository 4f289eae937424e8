// SPDX-License-Identifier: Apache-2.0
/* Clients that are followed after the close, see follow.h. */
#include "kern/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
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

int rz_follow_begin(struct rz_kern *k, const struct rz_follow_key *key, uint64_t moved,
		    uint64_t for_ns)
{
	uint64_t now_ns = rz_now_ns();
	struct rz_follow e = {.client = key->client,
			      .moved = moved,
			      .since_ns = now_ns,
			      .until_ns = now_ns + for_ns};

	rz_kern_follow(k, true);
	if (!bpf_map_update_elem(rz_kern_maps(k)->follow, key, &e, BPF_NOEXIST))
		return 0;
	return errno == EEXIST ? -EBUSY : -errno;
}

void rz_follow_end(const struct rz_maps *maps, const struct rz_follow_key *key)
{
	bpf_map_delete_elem(maps->follow, key);
}

int rz_follow_read(const struct rz_maps *maps, struct rz_follow_row **ret, size_t *ret_n)
{
	_cleanup_free_ struct rz_follow_key *keys = NULL;
	_cleanup_free_ struct rz_follow *values = NULL;
	struct rz_follow_row *rows;
	size_t i, n;
	int err = rz_batch_read(maps->follow, sizeof(*keys), sizeof(*values), BPF_F_LOCK,
				(void **)&keys, (void **)&values, &n);

	if (err)
		return err;
	rows = calloc(n + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		rows[i] = (struct rz_follow_row){keys[i], values[i]};
	*ret = rows;
	*ret_n = n;
	return 0;
}
