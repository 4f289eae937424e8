/* SPDX-License-Identifier: Apache-2.0 */
/* kern/ledger.c: map counted grows, and its pin is whole at any time. Needs the right to make maps
 * and to pin them in /sys/fs/bpf. */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "kern/ledger.h"
#include "kern/pins.h"
#include "policy/counted.h"

#define FIRST 100
#define LIMIT 20000

static char pin_dir[64];
static struct rz_maps maps = {.counted = -1};

static void path_of(char *dst, size_t size, const char *name)
{
	rz_pins_path(dst, size, pin_dir, name);
}

static int begin(void **state)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	char path[256];

	(void)state;
	snprintf(pin_dir, sizeof(pin_dir), "/sys/fs/bpf/rezone-unit-%d", getpid());
	path_of(path, sizeof(path), "counted");
	*strrchr(path, '/') = '\0';
	if (mkdir(pin_dir, 0700) || mkdir(path, 0700))
		return 0;
	maps.counted =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "counted", sizeof(__u32),
			       sizeof(struct rz_counted_entry), FIRST / RZ_COUNTED_EACH, &opts);
	path_of(path, sizeof(path), "counted");
	if (maps.counted >= 0 && bpf_obj_pin(maps.counted, path)) {
		close(maps.counted);
		maps.counted = -1;
	}
	return 0;
}

static int end(void **state)
{
	char path[256];

	(void)state;
	if (maps.counted >= 0)
		close(maps.counted);
	path_of(path, sizeof(path), "counted");
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(pin_dir);
	return 0;
}

static void assert_pinned(size_t n, uint64_t cookie)
{
	struct rz_maps pinned = {};
	struct rz_counted_entry *places;
	char path[256];
	size_t room;

	path_of(path, sizeof(path), "counted");
	pinned.counted = bpf_obj_get(path);
	assert_true(pinned.counted >= 0);
	assert_int_equal(rz_ledger_counted_map(&pinned, &places, &room), 0);
	assert_int_equal(room, n);
	assert_int_equal(rz_counted_get(places, 0).cookie, 1);
	assert_int_equal(rz_counted_get(places, n - 1).cookie, cookie);
	rz_ledger_counted_unmap(places, room);
	close(pinned.counted);
	path_of(path, sizeof(path), "counted_new");
	assert_int_equal(access(path, F_OK), -1);
}

static void put(struct rz_counted_entry *places, size_t place, uint64_t cookie)
{
	struct rz_counted c = {.cookie = cookie};

	rz_counted_put(places, place, &c);
}

static void test_grow(void **state)
{
	struct rz_counted_entry *places, *was;
	size_t n, before, rounds = 0;
	int fd = maps.counted;

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(rz_ledger_counted_map(&maps, &places, &n), 0);
	assert_int_equal(n, FIRST);
	put(places, 0, 1);
	put(places, n - 1, n);
	while (n < LIMIT) {
		before = n;
		assert_int_equal(rz_ledger_counted_grow(&maps, pin_dir, LIMIT, &places, &n), 0);
		assert_true(n > before && n <= LIMIT);
		assert_int_equal(rz_counted_get(places, before - 1).cookie, before);
		assert_int_equal(rz_counted_get(places, n - 1).cookie, 0);
		put(places, n - 1, n); /* what is written is in the map that is pinned now */
		assert_pinned(n, n);
		assert_int_equal(maps.counted, fd);
		assert_int_equal(rz_maps_room(fd) * RZ_COUNTED_EACH, n);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		rounds++;
	}
	assert_in_range(rounds, 2, 10);
	was = places;
	assert_int_equal(rz_ledger_counted_grow(&maps, pin_dir, LIMIT, &places, &n), -ENOSPC);
	/* one that cannot be pinned: all is as it was */
	assert_true(rz_ledger_counted_grow(&maps, "/proc", 2 * LIMIT, &places, &n) < 0);
	assert_ptr_equal(places, was);
	assert_pinned(LIMIT, LIMIT);
	rz_ledger_counted_unmap(places, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_grow, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
