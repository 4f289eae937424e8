// SPDX-License-Identifier: Apache-2.0
/* Orders and answers in map orders, see orders.h. */
#include "kern/orders.h"

#include <errno.h>
#include <bpf/bpf.h>

#include "base/clock.h"

int rz_orders_put(const struct rz_maps *maps, const uint64_t *cookies,
		  const struct rz_order *orders, uint32_t n, uint32_t *ret_n)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	int err;

	*ret_n = 0;
	if (!n)
		return 0;
	err = bpf_map_update_batch(maps->orders, cookies, orders, &n, &opts) ? -errno : 0;
	if (err && err != -E2BIG)
		return err;
	*ret_n = n; /* of a full map, those before the first without a place */
	return 0;
}

void rz_orders_take(const struct rz_maps *maps, const uint64_t *cookies, uint32_t n)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t done = n, i;

	/* it stops at one that is not there any more */
	if (!n || !bpf_map_delete_batch(maps->orders, cookies, &done, &opts))
		return;
	for (i = 0; i < n; i++)
		bpf_map_delete_elem(maps->orders, &cookies[i]);
}

void rz_orders_answer(const struct rz_maps *maps, uint64_t cookie, uint64_t client)
{
	struct rz_order o = {.client = client, .asked_ns = rz_now_ns(), .error = -E2BIG};

	/* if this map is full, too, the command finds out by waiting */
	bpf_map_update_elem(maps->orders, &cookie, &o, BPF_ANY);
}
