// SPDX-License-Identifier: Apache-2.0
/* Rings of events, see events.h. */
#include "kern/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "kern/batch.h"
#include "kern/event_form.h"

#define PIECES_MAX ((RZ_EVENT_FORM_MAX + RZ_EVENT_PIECE_BYTES - 1) / RZ_EVENT_PIECE_BYTES)

static __u32 place_of(uint64_t number)
{
	return number % RZ_EVENT_PIECES;
}

/* ---- one event and its pieces ---- */

/* An entry is replaced, and its memory may be another's while it is copied: what is read twice
 * alike is whole. 0; -ENOENT: nothing was written there yet. */
static int read_whole(int fd, uint64_t number, struct rz_event_piece *ret)
{
	__u32 at = place_of(number);
	struct rz_event_piece again;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		if (bpf_map_lookup_elem(fd, &at, ret) || bpf_map_lookup_elem(fd, &at, &again))
			return -errno;
		if (!memcmp(ret, &again, sizeof(again)))
			return 0;
	}
	return -EAGAIN;
}

/* Reads the event whose first piece is `first`. 0; -ESTALE: a later one has taken the place of a
 * piece of it; another -errno. */
static int put_together(int fd, const struct rz_event_piece *first, struct rz_event *ret)
{
	uint8_t bytes[PIECES_MAX * RZ_EVENT_PIECE_BYTES];
	struct rz_event_piece p = *first;
	uint64_t i;
	int err;

	if (first->pieces > PIECES_MAX || first->n_bytes > first->pieces * RZ_EVENT_PIECE_BYTES)
		return -EBADMSG;
	for (i = 0; i < first->pieces; i++) {
		err = i ? read_whole(fd, first->number + i, &p) : 0;
		if (err == -ENOENT || (!err && p.number != first->number + i))
			return -ESTALE;
		if (err)
			return err;
		memcpy(bytes + i * RZ_EVENT_PIECE_BYTES, p.bytes, RZ_EVENT_PIECE_BYTES);
	}
	return rz_event_form_read(bytes, first->n_bytes, ret);
}

/* The first piece is written last: a reader that finds it finds the others. */
static int write_pieces(int fd, uint64_t number, const uint8_t *bytes, size_t n)
{
	size_t i = (n + RZ_EVENT_PIECE_BYTES - 1) / RZ_EVENT_PIECE_BYTES, pieces = i, at, len;

	while (i-- > 0) {
		struct rz_event_piece p = {.number = number + i,
					   .pieces = i ? 0 : (uint16_t)pieces,
					   .n_bytes = (uint16_t)n};
		__u32 place = place_of(p.number);

		at = i * RZ_EVENT_PIECE_BYTES;
		len = n - at < RZ_EVENT_PIECE_BYTES ? n - at : RZ_EVENT_PIECE_BYTES;
		memcpy(p.bytes, bytes + at, len);
		if (bpf_map_update_elem(fd, &place, &p, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* ---- the ring ---- */

struct ends {
	struct rz_event_piece first, last; /* first pieces; number 0: there is none */
};

static int find_ends(int fd, struct ends *ret)
{
	_cleanup_free_ struct rz_event_piece *all = NULL;
	_cleanup_free_ uint32_t *keys = NULL;
	struct ends e = {};
	size_t i, n;
	int err = rz_batch_read(fd, sizeof(*keys), sizeof(*all), 0, (void **)&keys, (void **)&all,
				&n);

	for (i = 0; !err && i < n; i++) {
		if (!all[i].pieces)
			continue;
		if (!e.first.number || all[i].number < e.first.number)
			e.first = all[i];
		if (all[i].number > e.last.number)
			e.last = all[i];
	}
	*ret = e;
	return err;
}

int rz_event_ring_open(int fd, struct rz_event_ring *ret)
{
	struct rz_event latest = {};
	struct ends ends;
	int err = find_ends(fd, &ends);

	if (!err && ends.last.number)
		err = put_together(fd, &ends.last, &latest);
	*ret = (struct rz_event_ring){fd, ends.last.number + ends.last.pieces, latest.seq + 1};
	if (!ends.last.number)
		ret->next = 1;
	return err;
}

int rz_event_ring_add(struct rz_event_ring *r, struct rz_event *e)
{
	uint8_t bytes[RZ_EVENT_FORM_MAX];
	size_t n;
	int err;

	e->seq = r->seq;
	n = rz_event_form_write(bytes, e);
	err = write_pieces(r->fd, r->next, bytes, n);
	if (err)
		return err;
	r->next += (n + RZ_EVENT_PIECE_BYTES - 1) / RZ_EVENT_PIECE_BYTES;
	r->seq++;
	return 0;
}

int rz_event_ring_rewind(int fd, struct rz_event_ring *ret)
{
	struct ends ends;
	int err = find_ends(fd, &ends);

	*ret = (struct rz_event_ring){fd, ends.first.number ?: 1, 0};
	return err;
}

/* Looks at one piece. 1: *ret has an event; 0: nothing is there yet; -ESTALE: it is of an event
 * that is not whole any more, and the next one is to be looked at; another -errno. */
static int step(struct rz_event_ring *r, struct rz_event *ret)
{
	struct rz_event_piece p;
	int err = read_whole(r->fd, r->next, &p);

	if (err == -ENOENT || (!err && p.number < r->next))
		return 0;
	if (err)
		return err;
	if (p.number > r->next) {
		/* the ring has gone round: the oldest that can be there is behind this one */
		r->next = p.number - RZ_EVENT_PIECES + 1;
		return -ESTALE;
	}
	err = p.pieces ? put_together(r->fd, &p, ret) : -ESTALE;
	r->next += err ? 1 : p.pieces;
	return err ?: 1;
}

int rz_event_ring_next(struct rz_event_ring *r, struct rz_event *ret, uint64_t *missed)
{
	int got;

	do
		got = step(r, ret);
	while (got == -ESTALE);
	if (got <= 0)
		return got;
	if (r->seq && ret->seq > r->seq)
		*missed += ret->seq - r->seq;
	r->seq = ret->seq + 1;
	return 1;
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
