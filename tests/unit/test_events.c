/* SPDX-License-Identifier: Apache-2.0 */
/* kern/events.c: rings of events, written and read. Needs the right to make maps. */
#include "unit.h"

#include <errno.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "kern/events.h"

#define LONG_ID	  255 /* five pieces */
#define LONG_TEXT (RZ_EVENT_TEXT - 1)

static int fd;

static int begin(void **state)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);

	(void)state;
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "events", sizeof(uint32_t),
			    sizeof(struct rz_event_piece), RZ_EVENT_PIECES, &opts);
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (fd >= 0)
		close(fd);
	return 0;
}

/* Number `n`, of a length that goes by it. */
static struct rz_event event(uint64_t n)
{
	struct rz_event e = {.cookie = n, .type = RZ_EVENT_MOVE};

	memset(e.client_id, 'a' + (int)(n % 26), n % (LONG_ID + 1));
	memset(e.text, 'A' + (int)(n % 26), n % 5 ? n % 17 : LONG_TEXT);
	return e;
}

static void add(struct rz_event_ring *r, uint64_t n)
{
	struct rz_event e = event(n);

	assert_int_equal(rz_event_ring_add(r, &e), 0);
}

static void assert_is(const struct rz_event *e, uint64_t n)
{
	struct rz_event want = event(n);

	want.seq = n;
	assert_memory_equal(e, &want, sizeof(want));
}

static void in_order(void **state)
{
	struct rz_event_ring w, r;
	struct rz_event e;
	uint64_t n, missed = 0;

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(rz_event_ring_open(fd, &w), 0);
	assert_int_equal(rz_event_ring_rewind(fd, &r), 0);
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 0);
	for (n = 1; n <= 300; n++) {
		add(&w, n);
		assert_int_equal(rz_event_ring_next(&r, &e, &missed), 1);
		assert_is(&e, n);
		assert_int_equal(rz_event_ring_next(&r, &e, &missed), 0);
	}
	assert_int_equal(missed, 0);

	/* another reader, and the next daemon */
	assert_int_equal(rz_event_ring_rewind(fd, &r), 0);
	assert_int_equal(rz_event_ring_open(fd, &w), 0);
	add(&w, 301);
	for (n = 1; n <= 301; n++) {
		assert_int_equal(rz_event_ring_next(&r, &e, &missed), 1);
		assert_is(&e, n);
	}
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 0);
	assert_int_equal(missed, 0);
}

/* All numbers up to `last` are read or counted as missed. */
static uint64_t read_all(struct rz_event_ring *r, uint64_t from, uint64_t last)
{
	struct rz_event e;
	uint64_t missed = 0, n = 0;

	while (rz_event_ring_next(r, &e, &missed) > 0) {
		assert_is(&e, e.seq);
		n++;
	}
	assert_int_equal(r->seq, last + 1);
	assert_int_equal(n + missed, last + 1 - from);
	return n;
}

/* A reader that is slower than the writer. */
static void goes_round(void **state)
{
	uint64_t n = 1, last[] = {1000, 20000, 20001, 23000, 60000};
	struct rz_event_ring w, r;
	struct rz_event e;
	uint64_t missed = 0, seen;
	size_t i;

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(rz_event_ring_open(fd, &w), 0);
	add(&w, n++);
	assert_int_equal(rz_event_ring_rewind(fd, &r), 0);
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 1);
	for (i = 0; i < COUNT(last); i++) {
		uint64_t from = n;

		while (n <= last[i])
			add(&w, n++);
		seen = read_all(&r, from, last[i]);
		assert_true(seen == last[i] + 1 - from || seen >= RZ_EVENT_PIECES / 5 - 1);
	}
	assert_int_equal(rz_event_ring_rewind(fd, &r), 0);
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 1);
	assert_true(e.seq > 23000);
	assert_is(&e, e.seq);
}

/* A daemon that is killed while it writes an event has written all of it but the first piece. */
static void half_an_event(void **state)
{
	struct rz_event_ring w, r;
	struct rz_event e;
	uint64_t missed = 0, at;
	uint32_t place;

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(rz_event_ring_open(fd, &w), 0);
	add(&w, 1);
	at = w.next;
	add(&w, 250);
	assert_in_range(w.next, at + 2, at + 5);
	place = (uint32_t)(at % RZ_EVENT_PIECES);
	assert_int_equal(bpf_map_delete_elem(fd, &place), 0);
	assert_int_equal(rz_event_ring_rewind(fd, &r), 0);
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 1);
	assert_is(&e, 1);
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 0);

	assert_int_equal(rz_event_ring_open(fd, &w), 0);
	assert_int_equal(w.next, at);
	add(&w, 2);
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 1);
	assert_is(&e, 2);
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 0);
	assert_int_equal(missed, 0);
}

/* What cannot be written is not half there, and the next event has its number. */
static void no_room(void **state)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	struct rz_event_ring w, r;
	struct rz_event e = event(255);
	uint64_t missed = 0;

	(void)state;
	if (fd < 0)
		skip();
	close(fd);
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "events", sizeof(uint32_t),
			    sizeof(struct rz_event_piece), 2, &opts);
	assert_true(fd >= 0);
	assert_int_equal(rz_event_ring_open(fd, &w), 0);
	assert_int_equal(rz_event_ring_rewind(fd, &r), 0);
	assert_true(rz_event_ring_add(&w, &e) < 0);
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 0);
	assert_int_equal(w.seq, 1);
}

/* Gathered, they are read as any others, in order, also where the ring goes round. */
static void gathered(void **state)
{
	struct rz_event_ring w, r;
	struct rz_event e;
	uint64_t n, missed = 0;
	int err;

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(rz_event_ring_open(fd, &w), 0);
	assert_int_equal(rz_event_ring_rewind(fd, &r), 0);
	rz_event_ring_gather(&w);
	for (n = 1; n <= 700; n++)
		add(&w, n);
	assert_int_equal(rz_event_ring_gathered(&w, &err), 0);
	assert_int_equal(err, 0);
	for (n = 1; n <= 700; n++) {
		assert_int_equal(rz_event_ring_next(&r, &e, &missed), 1);
		assert_is(&e, n);
	}
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 0);
	assert_int_equal(missed, 0);
	rz_event_ring_gather(&w);
	for (; n <= 9000; n++)
		add(&w, n);
	assert_int_equal(rz_event_ring_gathered(&w, &err), 0);
	read_all(&r, 701, 9000);
	/* the next daemon, by itself */
	assert_int_equal(rz_event_ring_open(fd, &w), 0);
	add(&w, 9001);
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 1);
	assert_is(&e, 9001);
}

/* Gathered ones that have no room are missed, and what comes behind them is read. */
static void gathered_no_room(void **state)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	struct rz_event_ring w, r;
	struct rz_event e;
	uint64_t missed = 0;
	uint32_t key;
	int err;

	(void)state;
	if (fd < 0)
		skip();
	close(fd);
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "events", sizeof(uint32_t),
			    sizeof(struct rz_event_piece), 4, &opts);
	assert_true(fd >= 0);
	assert_int_equal(rz_event_ring_open(fd, &w), 0);
	assert_int_equal(rz_event_ring_rewind(fd, &r), 0);
	rz_event_ring_gather(&w);
	add(&w, 1);
	e = event(LONG_ID); /* of more pieces than are left */
	assert_int_equal(rz_event_ring_add(&w, &e), 0);
	add(&w, 3);
	assert_int_equal(rz_event_ring_gathered(&w, &err), 2); /* nor has the third */
	assert_int_equal(err, -E2BIG);
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 1);
	assert_is(&e, 1);
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 0);
	for (key = 0; key < RZ_EVENT_PIECES; key++)
		bpf_map_delete_elem(fd, &key);
	add(&w, 4);
	assert_int_equal(rz_event_ring_next(&r, &e, &missed), 1);
	assert_is(&e, 4);
	assert_int_equal(missed, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_order, begin, end),
		cmocka_unit_test_setup_teardown(goes_round, begin, end),
		cmocka_unit_test_setup_teardown(half_an_event, begin, end),
		cmocka_unit_test_setup_teardown(no_room, begin, end),
		cmocka_unit_test_setup_teardown(gathered, begin, end),
		cmocka_unit_test_setup_teardown(gathered_no_room, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
