// SPDX-License-Identifier: Apache-2.0
/* Rings of events, see events.h. */
#include "kern/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "kern/batch.h"

/* The lowest and the highest sequence number in the map; both 0 if it is empty. */
static int bounds(int fd, uint64_t *lowest, uint64_t *highest)
{
	_cleanup_free_ struct rz_event *all = NULL;
	_cleanup_free_ uint32_t *keys = NULL;
	size_t i, n;
	int err = rz_batch_read(fd, sizeof(*keys), sizeof(*all), 0, (void **)&keys, (void **)&all,
				&n);

	*lowest = *highest = 0;
	for (i = 0; !err && i < n; i++) {
		if (!all[i].seq)
			continue;
		if (!*lowest || all[i].seq < *lowest)
			*lowest = all[i].seq;
		if (all[i].seq > *highest)
			*highest = all[i].seq;
	}
	return err;
}

int rz_event_ring_open(int fd, struct rz_event_ring *ret)
{
	uint64_t lowest, highest;
	int err = bounds(fd, &lowest, &highest);

	*ret = (struct rz_event_ring){fd, highest + 1};
	return err;
}

int rz_event_ring_add(struct rz_event_ring *r, struct rz_event *e)
{
	__u32 at = r->next % RZ_EVENTS_MAX;

	e->seq = r->next;
	if (bpf_map_update_elem(r->fd, &at, e, BPF_ANY))
		return -errno;
	r->next++;
	return 0;
}

int rz_event_ring_rewind(int fd, struct rz_event_ring *ret)
{
	uint64_t lowest, highest;
	int err = bounds(fd, &lowest, &highest);

	*ret = (struct rz_event_ring){fd, lowest ? lowest : 1};
	return err;
}

/* An element is not written in one step: what is read twice alike is whole. */
static int read_whole(int fd, __u32 at, struct rz_event *ret)
{
	struct rz_event again;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		if (bpf_map_lookup_elem(fd, &at, ret) || bpf_map_lookup_elem(fd, &at, &again))
			return -errno;
		if (!memcmp(ret, &again, sizeof(again)))
			return 0;
	}
	return -EAGAIN;
}

int rz_event_ring_next(struct rz_event_ring *r, struct rz_event *ret, uint64_t *missed)
{
	int err;

	while (true) {
		err = read_whole(r->fd, r->next % RZ_EVENTS_MAX, ret);
		if (err)
			return err;
		if (ret->seq < r->next)
			return 0;
		if (ret->seq == r->next) {
			r->next++;
			return 1;
		}
		/* the ring has gone round: the oldest that can be there is behind this one */
		*missed += ret->seq - RZ_EVENTS_MAX + 1 - r->next;
		r->next = ret->seq - RZ_EVENTS_MAX + 1;
	}
}

static int by_time(const void *x, const void *y)
{
	const struct rz_event *a = x, *b = y;

	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

void rz_events_sort(struct rz_event *events, size_t n)
{
	if (n)
		qsort(events, n, sizeof(*events), by_time);
}
