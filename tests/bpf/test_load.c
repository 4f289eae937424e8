// SPDX-License-Identifier: Apache-2.0
/*
 * rz_segment is verified in a thread, beside the other programs (user/kern/load_beside.c). Run by
 * `make bpf-test`.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kern/load_beside.h"

/* Of the empty program, and far below rz_segment. */
#define FEW_INSTRUCTIONS 16

static int nothing(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

static struct rezone_bpf *open_object(void)
{
	struct rezone_bpf *s;
	struct rz_config *c;

	assert_int_equal(0, rz_beside_prepare());
	libbpf_set_print(nothing);
	s = rezone_bpf__open();
	assert_non_null(s);
	c = (struct rz_config *)&s->rodata->rz_config;
	c->n_ports = 1;
	c->ports[0] = 9092;
	bpf_program__set_autoload(s->progs.rz_park, true);
	return s;
}

static uint32_t instructions(const struct bpf_program *p)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	assert_int_equal(0, bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &size));
	assert_string_equal(info.name, bpf_program__name(p));
	return info.xlated_prog_len / 8;
}

static size_t entries(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* libbpf has the empty program until the thread is done, and the real one after that. */
static void test_beside(void **state)
{
	struct rezone_bpf *s = open_object();
	struct rz_beside *b = NULL;
	int fd;

	(void)state;
	assert_int_equal(0, rz_beside_begin(s, &b));
	fd = bpf_program__fd(s->progs.rz_segment);
	assert_true(instructions(s->progs.rz_segment) < FEW_INSTRUCTIONS);
	assert_true(instructions(s->progs.rz_park) > FEW_INSTRUCTIONS);
	assert_int_equal(0, rz_beside_end(b));
	assert_int_equal(fd, bpf_program__fd(s->progs.rz_segment));
	assert_true(instructions(s->progs.rz_segment) > 100 * FEW_INSTRUCTIONS);
	rezone_bpf__destroy(s);
}

/* Of the two, and of both at once: each is told, and no thread and no descriptor is left. */
static void test_refused(void **state)
{
	static const struct {
		const char *map; /* too small for what the programs do with it */
		int begin, end;
	} rows[] = {{"softwares", 0, -EACCES}, {"conns", -EACCES, 0}, {NULL, 0, 0}};
	size_t i, fds;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rz_beside *b = NULL;
		struct rezone_bpf *s;

		fds = entries("/proc/self/fd");
		s = open_object();
		if (rows[i].map)
			bpf_map__set_value_size(bpf_object__find_map_by_name(s->obj, rows[i].map),
						8);
		assert_int_equal(rows[i].begin, rz_beside_begin(s, &b));
		if (rows[i].begin)
			assert_null(b);
		assert_int_equal(rows[i].end, rz_beside_end(b));
		assert_int_equal(3, entries("/proc/self/task")); /* ".", ".." and this one */
		rezone_bpf__destroy(s);
		assert_int_equal(fds, entries("/proc/self/fd"));
	}
}

/* No thread to be had, as where a cgroup's pids.max is reached: libbpf loads it itself. */
static void test_no_thread(void **state)
{
	struct rezone_bpf *s = open_object();
	struct rz_beside *b = NULL;
	pthread_attr_t usual, none;

	(void)state;
	assert_int_equal(0, pthread_getattr_default_np(&usual));
	assert_int_equal(0, pthread_attr_init(&none));
	assert_int_equal(0, pthread_attr_setstacksize(&none, 1ULL << 46));
	assert_int_equal(0, pthread_setattr_default_np(&none));
	assert_int_equal(0, rz_beside_begin(s, &b));
	assert_true(instructions(s->progs.rz_segment) > 100 * FEW_INSTRUCTIONS);
	assert_int_equal(0, rz_beside_end(b));
	assert_true(instructions(s->progs.rz_segment) > 100 * FEW_INSTRUCTIONS);
	assert_int_equal(0, pthread_setattr_default_np(&usual));
	rezone_bpf__destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
