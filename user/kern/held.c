// SPDX-License-Identifier: Apache-2.0
/* Payload that was held back, see held.h. */
#include "kern/held.h"

#include <errno.h>
#include <stdlib.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "kern/batch.h"

/* Watching answers costs every packet of the node a little (docs/evidence/performance.md): for a
 * connection whose agent has not answered in this time nobody goes on with it. It stays as it is
 * then. */
#define WATCH_NS      (600 * 1000000000ULL)
/* No TCP sends a segment again for so long: Linux gives up within half an hour (tcp_retries2). */
#define SENT_AGAIN_NS (3600 * 1000000000ULL)

int rz_held_read(const struct rz_maps *maps, struct rz_held_row **ret, size_t *ret_n)
{
	struct rz_batch_row row = RZ_BATCH_ROW(struct rz_held_row, cookie, held);

	return rz_batch_read_rows(maps->held, &row, 0, (void **)ret, ret_n);
}

bool rz_held_any_left(const struct rz_maps *maps)
{
	_cleanup_free_ struct rz_held_row *rows = NULL;
	size_t i, n;

	if (rz_held_read(maps, &rows, &n))
		return true;
	for (i = 0; i < n; i++)
		if (rows[i].held.left_ns)
			return true;
	return false;
}

bool rz_held_needs_watch(const struct rz_maps *maps, uint64_t cookie, uint64_t now_ns)
{
	struct rz_held e;

	return !bpf_map_lookup_elem(maps->held, &cookie, &e) && now_ns < e.since_ns + WATCH_NS;
}

void rz_held_sweep(const struct rz_maps *maps, const struct rz_held_row *rows, size_t n,
		   uint64_t now_ns)
{
	struct rz_conn c;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct rz_held *e = &rows[i].held;
		uint64_t latest_ns = e->left_ns > e->since_ns ? e->left_ns : e->since_ns;

		if (now_ns > latest_ns + SENT_AGAIN_NS &&
		    bpf_map_lookup_elem(maps->conns, &rows[i].cookie, &c) && errno == ENOENT)
			bpf_map_delete_elem(maps->held, &rows[i].cookie);
	}
}

static bool is_kept(const struct rz_watched *keep, size_t n, uint64_t cookie, uint64_t now_ns)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (keep[i].cookie == cookie)
			return now_ns < keep[i].until_ns;
	return false;
}

size_t rz_held_forget_holds(const struct rz_maps *maps, const struct rz_watched *keep,
			    size_t n_keep, uint64_t now_ns)
{
	_cleanup_free_ uint64_t *keys = calloc(RZ_HOLDS_MAX, sizeof(*keys));
	uint64_t *prev = NULL;
	size_t i, n = 0, stay = 0;

	while (keys && n < RZ_HOLDS_MAX && !bpf_map_get_next_key(maps->holds, prev, &keys[n]))
		prev = &keys[n++];
	for (i = 0; i < n; i++) {
		if (rz_held_needs_watch(maps, keys[i], now_ns))
			stay++;
		else if (!is_kept(keep, n_keep, keys[i], now_ns))
			bpf_map_delete_elem(maps->holds, &keys[i]);
	}
	return stay;
}
