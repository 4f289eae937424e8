// SPDX-License-Identifier: Apache-2.0
/* Parked connections, see park.h. */
#include "kern/park.h"

#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/log.h"
#include "kern/live.h"
#include "kern/load_inside.h"

bool rz_kern_can_park(const struct rz_kern *k)
{
	return k->look != NULL;
}

/* As many as rz_park takes by one run. The packet is none: the program looks at none. */
static int park_some(struct rz_kern *k, const struct rz_park_order *orders, size_t n)
{
	uint8_t packet[64] = {[12] = 0x08, [14] = 0x45};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));

	memcpy(k->skel->bss->rz_park_orders, orders, n * sizeof(*orders));
	k->skel->bss->rz_park_n = (uint32_t)n;
	return bpf_prog_test_run_opts(bpf_program__fd(k->skel->progs.rz_park), &run) ? -errno : 0;
}

int rz_kern_park(struct rz_kern *k, const struct rz_park_order *orders, size_t n)
{
	size_t i, now;
	int err = 0;

	for (i = 0; i < n && !err; i += now) {
		now = n - i < RZ_PARK_ORDERS ? n - i : RZ_PARK_ORDERS;
		err = park_some(k, orders + i, now);
	}
	return err ? rz_err(err, "park: cannot run the program that parks connections: %s",
			    strerror(-err))
		   : 0;
}

int rz_kern_look_at_parked(struct rz_kern *k, const uint32_t *netns, size_t n)
{
	int first = 0, err;
	size_t i;

	for (i = 0; i < n; i++) {
		err = rz_kern_iterate_parked(k, netns[i]);
		if (err != -ENOENT) /* nobody is in it: it has no sockets */
			first = first ?: err;
	}
	return first;
}
