// SPDX-License-Identifier: Apache-2.0
/* Counts of maps, see tally.h. */
#include "kern/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "kern/batch.h"

/* 1 ms to 60 s: a reset that waits for nothing, up to --gap-timeout and --hold-timeout at their
 * greatest. */
const uint64_t rz_span_bounds_us[RZ_SPAN_BUCKETS - 1] = {
	1000,	2500,	 5000,	  10000,   25000,    50000,    100000,	 250000,
	500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000,
};

void rz_histogram_add(struct rz_histogram *h, uint64_t ns)
{
	uint64_t us = ns / 1000;
	size_t i = 0;

	while (i < RZ_SPAN_BUCKETS - 1 && us > rz_span_bounds_us[i])
		i++;
	h->buckets[i]++;
	h->sum_us += us;
}

/* `key` begins with the zone, which is the part of it that may be given up. */
static void add(int fd, void *key, uint64_t more)
{
	__u64 n = 0;

	bpf_map_lookup_elem(fd, key, &n);
	n += more;
	if (!bpf_map_update_elem(fd, key, &n, BPF_ANY) || !*(char *)key)
		return;
	memset(key, 0, RZ_ZONE_SIZE);
	add(fd, key, more);
}

void rz_tally_moved(const struct rz_maps *m, const struct rz_moved_key *key, uint64_t n)
{
	struct rz_moved_key k = *key;

	add(m->moved, &k, n);
}

void rz_tally_arrival(const struct rz_maps *m, const struct rz_arrival_key *key)
{
	struct rz_arrival_key k = *key;

	add(m->arrivals, &k, 1);
}

void rz_tally_errors(const struct rz_maps *m, enum rz_place place, int error, uint64_t more)
{
	struct rz_error_key key;
	__u64 n = 0;

	memset(&key, 0, sizeof(key)); /* it has a hole */
	key.place = place;
	key.error = error;
	bpf_map_lookup_elem(m->errors, &key, &n);
	n += more;
	bpf_map_update_elem(m->errors, &key, &n, BPF_ANY);
}

void rz_tally_write_spans(const struct rz_maps *m,
			  const struct rz_histogram spans[static RZ_SPAN_COUNT])
{
	__u32 i;

	for (i = 0; i < RZ_SPAN_COUNT; i++)
		bpf_map_update_elem(m->spans, &i, &spans[i], BPF_ANY);
}

static void empty(int fd)
{
	struct rz_moved_key key[1]; /* as long as the other one */

	_Static_assert(sizeof(*key) == sizeof(struct rz_arrival_key), "room for both keys");
	while (!bpf_map_get_next_key(fd, NULL, key))
		if (bpf_map_delete_elem(fd, key))
			return;
}

void rz_tally_clear(const struct rz_maps *m)
{
	static const struct rz_histogram none[RZ_SPAN_COUNT];

	empty(m->moved);
	empty(m->arrivals);
	rz_tally_write_spans(m, none);
}

int rz_tally_read(const struct rz_maps *m, struct rz_tallies *ret)
{
	__u32 i;
	int err;

	*ret = (struct rz_tallies){};
	err = rz_batch_read(m->moved, sizeof(*ret->moved), sizeof(*ret->moved_counts), 0,
			    (void **)&ret->moved, (void **)&ret->moved_counts, &ret->n_moved);
	if (!err)
		err = rz_batch_read(m->arrivals, sizeof(*ret->arrivals),
				    sizeof(*ret->arrivals_counts), 0, (void **)&ret->arrivals,
				    (void **)&ret->arrivals_counts, &ret->n_arrivals);
	if (!err)
		err = rz_batch_read(m->errors, sizeof(*ret->errors), sizeof(*ret->errors_counts), 0,
				    (void **)&ret->errors, (void **)&ret->errors_counts,
				    &ret->n_errors);
	for (i = 0; i < RZ_SPAN_COUNT && !err; i++)
		if (bpf_map_lookup_elem(m->spans, &i, &ret->spans[i]))
			err = -errno;
	return err;
}

void rz_tallies_free(struct rz_tallies *t)
{
	free(t->moved);
	free(t->moved_counts);
	free(t->arrivals);
	free(t->arrivals_counts);
	free(t->errors);
	free(t->errors_counts);
	*t = (struct rz_tallies){};
}
