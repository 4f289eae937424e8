// SPDX-License-Identifier: Apache-2.0
/* Ring `closed`: what connections had carried when they closed, see live.h. */
#include <errno.h>
#include <string.h>

#include "base/cure.h"
#include "base/log.h"
#include "kern/load_inside.h"

static int on_record(void *ctx, void *data, size_t size)
{
	const struct rz_kern *k = ctx;

	if (size >= sizeof(struct rz_closed))
		k->closed_fn(k->closed_arg, data);
	return 0;
}

int rz_kern_closed_fd(const struct rz_kern *k)
{
	return bpf_map__fd(k->skel->maps.closed);
}

void rz_kern_closed_to(struct rz_kern *k, rz_kern_closed_fn fn, void *arg)
{
	k->closed_fn = fn;
	k->closed_arg = arg;
}

int rz_kern_closed_read(struct rz_kern *k)
{
	int n;

	if (!k->closed_fn)
		return 0;
	if (!k->closed_ring)
		k->closed_ring = ring_buffer__new(rz_kern_closed_fd(k), on_record, k, NULL);
	if (!k->closed_ring)
		return rz_err(-errno, "load: cannot read the ring of closed connections: %s; %s",
			      strerror(errno), rz_cure(-errno));
	n = ring_buffer__consume(k->closed_ring);
	return n < 0 ? n : 0;
}
