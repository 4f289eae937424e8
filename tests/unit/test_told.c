// SPDX-License-Identifier: Apache-2.0
/* kern/told.c: what the daemon notes of a connection's library, without a write to what BPF notes.
 * Needs the right to make maps. */
#include "unit.h"

#include <errno.h>
#include <bpf/bpf.h>

#include "kern/told.h"

static struct rz_maps maps; /* prints: as a descriptor that cannot write */
static int prints;

static int make_map(const char *name, __u32 value_size)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);

	return bpf_map_create(BPF_MAP_TYPE_HASH, name, sizeof(uint64_t), value_size, 16, &opts);
}

static int open_to_read(int fd)
{
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = BPF_F_RDONLY);
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return -1;
	return bpf_map_get_fd_by_id_opts(info.id, &opts);
}

static int begin(void **state)
{
	(void)state;
	prints = make_map("prints", sizeof(struct rz_print));
	maps.prints = open_to_read(prints);
	maps.told = make_map("told", sizeof(struct rz_told));
	return 0;
}

static bool are_there(void)
{
	return maps.prints >= 0 && maps.told >= 0;
}

static void put_print(uint64_t cookie)
{
	struct rz_print p = {.produces = 2};

	assert_int_equal(bpf_map_update_elem(prints, &cookie, &p, BPF_ANY), 0);
}

static struct rz_told told(uint64_t cookie)
{
	struct rz_told t = {.pad[0] = 1};

	bpf_map_lookup_elem(maps.told, &cookie, &t);
	return t;
}

/* A request may be noted in prints at the very instant: nothing may be written there. */
static void test_notes(void **state)
{
	struct rz_print p = {};
	uint64_t cookie = 1;

	(void)state;
	if (!are_there())
		skip();
	assert_int_equal(rz_told_note_agent(&maps, 1, 9), -ENOENT);
	assert_int_equal(rz_told_note_move(&maps, 1, 9, true), -ENOENT);
	put_print(1);
	assert_int_equal(bpf_map_update_elem(maps.prints, &cookie, &p, BPF_ANY), -EPERM);
	assert_int_equal(rz_told_note_agent(&maps, 1, 9), 0);
	assert_int_equal(told(1).agent_has, 10);
	assert_int_equal(rz_told_note_move(&maps, 1, 8, false), 0);
	assert_int_equal(rz_told_note_move(&maps, 1, 300, true), 0);
	assert_int_equal(rz_told_note_move(&maps, 1, 7, false), 0);
	assert_int_equal(told(1).unanswered, 255);
	assert_int_equal(told(1).probed, 1);
	assert_int_equal(told(1).agent_has, 10);
	assert_int_equal(rz_told_note_agent(&maps, 1, RZ_TOLD_NO_ANSWER - 1), 0);
	assert_int_equal(told(1).agent_has, RZ_TOLD_NO_ANSWER);
	assert_int_equal(told(1).unanswered, 255);
	assert_int_equal(rz_told_note_agent(&maps, 1, RZ_TOLD_NO_ANSWER), -ERANGE);
}

/* An entry of told goes with that of prints; where these were not read nothing is known. */
static void test_sweep(void **state)
{
	static struct rz_print_row rows[] = {{.cookie = 2}, {.cookie = 5}};
	static struct rz_told_row left[] = {
		{.cookie = 1}, {.cookie = 2}, {.cookie = 3}, {.cookie = 5}, {.cookie = 9}};
	struct rz_snapshot s = {
		.prints = rows, .n_prints = COUNT(rows), .told = left, .n_told = COUNT(left)};
	size_t i;

	(void)state;
	if (!are_there())
		skip();
	for (i = 0; i < COUNT(left); i++)
		assert_int_equal(
			bpf_map_update_elem(maps.told, &left[i].cookie, &left[i].told, BPF_ANY), 0);
	rz_told_sweep(&maps, &s);
	for (i = 0; i < COUNT(left); i++)
		assert_false(told(left[i].cookie).pad[0]);
	s.n_conns = 1;
	rz_told_sweep(&maps, &s);
	for (i = 0; i < COUNT(left); i++)
		assert_int_equal(told(left[i].cookie).pad[0],
				 left[i].cookie != 2 && left[i].cookie != 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_notes),
					   cmocka_unit_test(test_sweep)};

	return cmocka_run_group_tests(tests, begin, NULL);
}
