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

static size_t pieces_of(size_t bytes)
{
	return (bytes + RZ_EVENT_PIECE_BYTES - 1) / RZ_EVENT_PIECE_BYTES;
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

/* One of an event's pieces. */
static struct rz_event_piece piece_of(uint64_t number, size_t i, const uint8_t *bytes, size_t n)
{
	size_t at = i * RZ_EVENT_PIECE_BYTES;
	struct rz_event_piece p = {.number = number + i,
				   .pieces = i ? 0 : (uint16_t)pieces_of(n),
				   .n_bytes = (uint16_t)n};

	memcpy(p.bytes, bytes + at, n - at < RZ_EVENT_PIECE_BYTES ? n - at : RZ_EVENT_PIECE_BYTES);
	return p;
}

/* The first piece is written last: a reader that finds it finds the others. */
static int write_pieces(int fd, uint64_t number, const uint8_t *bytes, size_t n)
{
	size_t i = pieces_of(n);

	while (i-- > 0) {
		struct rz_event_piece p = piece_of(number, i, bytes, n);
		__u32 place = place_of(p.number);

		if (bpf_map_update_elem(fd, &place, &p, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* ---- many at once ---- */

#define WAIT_MAX 512

struct rz_event_wait {
	struct rz_event_piece pieces[WAIT_MAX];
	uint32_t places[WAIT_MAX];
	size_t n, failed;
	int err; /* of the latest that failed */
};

/* The number of the event of which `at` is the first that waits: that of its last piece. */
static uint64_t first_of(const struct rz_event_wait *w, size_t at)
{
	while (!w->pieces[at].pieces)
		at++;
	return w->pieces[at].number;
}

/* Writes the events from `at` on, one by one, numbered anew: one that cannot be written leaves no
 * gap, for a reader would wait there. */
static void write_again(struct rz_event_ring *r, struct rz_event_wait *w, size_t at)
{
	size_t i, n;
	int err;

	for (; at < w->n; at += n) {
		for (n = 1; !w->pieces[at + n - 1].pieces;)
			n++;
		for (i = 0; i < n; i++) {
			struct rz_event_piece *p = &w->pieces[at + i];

			p->number = r->next + n - 1 - i;
			w->places[at + i] = place_of(p->number);
		}
		rz_batch_write(r->fd, &w->places[at], sizeof(w->places[0]), &w->pieces[at],
			       sizeof(w->pieces[0]), n, &err);
		if (err) {
			w->failed++;
			w->err = err;
		} else {
			r->next += n;
		}
	}
}

static void write_waiting(struct rz_event_ring *r)
{
	struct rz_event_wait *w = r->wait;
	int err;
	size_t at = rz_batch_write(r->fd, w->places, sizeof(w->places[0]), w->pieces,
				   sizeof(w->pieces[0]), w->n, &err);

	if (err) {
		while (at && !w->pieces[at - 1].pieces) /* the event's first piece is its last */
			at--;
		r->next = first_of(w, at);
		write_again(r, w, at);
	}
	w->n = 0;
}

/* Puts an event's pieces behind those that wait, in the order in which they are written. */
static void wait_with(struct rz_event_ring *r, const uint8_t *bytes, size_t n)
{
	struct rz_event_wait *w = r->wait;
	size_t i = pieces_of(n);

	if (w->n + i > WAIT_MAX)
		write_waiting(r);
	while (i-- > 0) {
		w->pieces[w->n] = piece_of(r->next, i, bytes, n);
		w->places[w->n++] = place_of(r->next + i);
	}
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
	*ret = (struct rz_event_ring){
		.fd = fd, .next = ends.last.number + ends.last.pieces, .seq = latest.seq + 1};
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
	err = r->wait ? 0 : write_pieces(r->fd, r->next, bytes, n);
	if (err)
		return err;
	if (r->wait)
		wait_with(r, bytes, n);
	r->next += pieces_of(n);
	r->seq++;
	return 0;
}

void rz_event_ring_gather(struct rz_event_ring *r)
{
	r->wait = calloc(1, sizeof(*r->wait)); /* without it each is written by itself */
}

size_t rz_event_ring_gathered(struct rz_event_ring *r, int *ret_err)
{
	size_t failed;

	*ret_err = 0;
	if (!r->wait)
		return 0;
	write_waiting(r);
	failed = r->wait->failed;
	*ret_err = r->wait->err;
	free(r->wait);
	r->wait = NULL;
	return failed;
}

int rz_event_ring_rewind(int fd, struct rz_event_ring *ret)
{
	struct ends ends;
	int err = find_ends(fd, &ends);

	*ret = (struct rz_event_ring){.fd = fd, .next = ends.first.number ?: 1};
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
