// SPDX-License-Identifier: Apache-2.0
/* Answers in map orders, see orders.h. */
#include "kern/orders.h"

#include <errno.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "rezone/ipc.h"

void rz_orders_answer(const struct rz_maps *maps, uint64_t cookie, uint64_t client)
{
	struct rz_order o = {.client = client, .asked_ns = rz_now_ns(), .error = -E2BIG};

	/* if this map is full, too, the command finds out by waiting */
	bpf_map_update_elem(maps->orders, &cookie, &o, BPF_ANY);
}

bool rz_orders_take_answer(const struct rz_maps *maps, uint64_t cookie, int *ret_error)
{
	struct rz_order o;

	if (bpf_map_lookup_elem(maps->orders, &cookie, &o) || !o.error)
		return false;
	bpf_map_delete_elem(maps->orders, &cookie);
	*ret_error = o.error;
	return true;
}
