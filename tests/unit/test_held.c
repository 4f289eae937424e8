/* SPDX-License-Identifier: Apache-2.0 */
/* kern/held.c: entries of map held that nobody will ever remove. Needs the right to make maps. */
#include "unit.h"

#include <unistd.h>
#include <bpf/bpf.h>

#include "kern/held.h"

#define SECOND 1000000000ULL
#define HOUR   (3600 * SECOND)

static struct rz_maps maps;

static int make_map(const char *name, __u32 value_size)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);

	return bpf_map_create(BPF_MAP_TYPE_HASH, name, sizeof(uint64_t), value_size, 16, &opts);
}

static int begin(void **state)
{
	(void)state;
	maps.held = make_map("held", sizeof(struct rz_held));
	maps.conns = make_map("conns", sizeof(struct rz_conn));
	return 0;
}

static void put(uint64_t cookie, uint64_t since_ns, uint64_t left_ns, bool tracked)
{
	struct rz_held e = {.since_ns = since_ns, .left_ns = left_ns};
	struct rz_conn c = {.cookie = cookie};

	assert_int_equal(bpf_map_update_elem(maps.held, &cookie, &e, BPF_ANY), 0);
	if (tracked)
		assert_int_equal(bpf_map_update_elem(maps.conns, &cookie, &c, BPF_ANY), 0);
}

static bool is_there(uint64_t cookie)
{
	struct rz_held e;

	return !bpf_map_lookup_elem(maps.held, &cookie, &e);
}

static void test_sweep(void **state)
{
	struct rz_held_row *rows;
	size_t n;

	(void)state;
	if (maps.held < 0 || maps.conns < 0)
		skip();
	put(1, SECOND, 0, false);
	put(2, SECOND, 2 * SECOND, false);
	put(3, SECOND, 2 * SECOND, true); /* its socket is there: its payload must not pass */
	put(4, SECOND, HOUR, false);	  /* its client's TCP may still send it again */
	put(5, HOUR, 0, false);
	assert_int_equal(rz_held_read(&maps, &rows, &n), 0);
	assert_int_equal(n, 5);
	rz_held_sweep(&maps, rows, n, HOUR);
	assert_true(is_there(1) && is_there(2));
	rz_held_sweep(&maps, rows, n, 3 * SECOND + HOUR);
	assert_false(is_there(1) || is_there(2));
	assert_true(is_there(3) && is_there(4) && is_there(5));
	/* a map that cannot be read proves nothing */
	close(maps.conns);
	rz_held_sweep(&maps, rows, n, 10 * HOUR);
	assert_true(is_there(4));
	free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_sweep, begin)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
