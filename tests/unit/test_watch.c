// SPDX-License-Identifier: Apache-2.0
/*
 * Where responses are followed (kern/watch.c). Cgroups are folders here, for their ids are inode
 * numbers; the kernel's links and pins are stand-ins below, which the linker takes first.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "kern/fd_info.h"
#include "kern/held.h"
#include "kern/load_inside.h"
#include "kern/pins.h"
#include "kern/watch.h"

#define LINKS_MAX 64
#define BELOW	  (RZ_WATCH_MAX + 2)

/* ---- the kernel ---- */

static struct bpf_link {
	uint64_t cgroup;
	bool there;
} links[LINKS_MAX];
static size_t n_links;
static uint64_t refused; /* the cgroup at which no program may be attached */
static int pin_error, pinned;
static unsigned pins_before_it; /* that error: so many succeed */
static bool lost;		/* a pin is gone, whichever is asked for */
static bool something_is_left;
static size_t least; /* links there were at a time, since it was set */

static size_t links_there(void)
{
	size_t i, n = 0;

	for (i = 0; i < n_links; i++)
		n += links[i].there;
	return n;
}

static bool is_at(uint64_t cgroup)
{
	size_t i, n = 0;

	for (i = 0; i < n_links; i++)
		n += links[i].there && links[i].cgroup == cgroup;
	assert_true(n <= 1);
	return n;
}

struct bpf_link *bpf_program__attach_cgroup(const struct bpf_program *prog, int cgroup_fd)
{
	uint64_t cgroup = rz_fd_inode(cgroup_fd);

	(void)prog;
	assert_true(n_links < LINKS_MAX);
	if (cgroup == refused) {
		errno = EPERM;
		return NULL;
	}
	links[n_links] = (struct bpf_link){cgroup, true};
	return &links[n_links++];
}

int bpf_link__destroy(struct bpf_link *link)
{
	if (link)
		link->there = false;
	if (links_there() < least)
		least = links_there();
	return 0;
}

int rz_claim_link(struct rz_claim *c, struct bpf_link *link, const char *name)
{
	char path[4200];

	(void)link;
	if (pin_error && !pins_before_it)
		return pin_error;
	pins_before_it -= pins_before_it > 0;
	pinned++;
	if (c->pin_dir) {
		rz_pins_path(path, sizeof(path), c->pin_dir, name);
		close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	return 0;
}

bool rz_claim_lost(const struct rz_claim *c, const struct bpf_link *link, const char *name)
{
	(void)c;
	(void)name;
	return link && lost;
}

size_t rz_held_forget_holds(const struct rz_maps *maps, const struct rz_watched *keep,
			    size_t n_keep, uint64_t now_ns)
{
	(void)maps, (void)keep, (void)n_keep, (void)now_ns;
	return something_is_left;
}

/* ---- a daemon ---- */

static char top[] = "/tmp/rezone-watch-XXXXXX";
static uint64_t top_id, below[BELOW];
static struct rezone_bpf skel;
static typeof(*skel.bss) bss;
static struct rz_kern kern;

static void path_below(char *dst, size_t size, int i)
{
	snprintf(dst, size, "%s/%d", top, i);
}

static int make_cgroups(void **state)
{
	char path[64];
	struct stat st;
	int i;

	(void)state;
	if (!mkdtemp(top) || stat(top, &st))
		return -1;
	top_id = st.st_ino;
	for (i = 0; i < BELOW; i++) {
		path_below(path, sizeof(path), i);
		if (mkdir(path, 0700) || stat(path, &st))
			return -1;
		below[i] = st.st_ino;
	}
	return 0;
}

static int remove_cgroups(void **state)
{
	char path[64];
	int i;

	(void)state;
	for (i = 0; i < BELOW; i++) {
		path_below(path, sizeof(path), i);
		rmdir(path);
	}
	return rmdir(top);
}

static int begin(void **state)
{
	(void)state;
	memset(links, 0, sizeof(links));
	n_links = 0;
	refused = 0;
	pin_error = 0;
	pins_before_it = 0;
	lost = false;
	something_is_left = false;
	bss = (typeof(bss)){};
	skel.bss = &bss;
	kern = (struct rz_kern){.skel = &skel};
	snprintf(kern.cgroup, sizeof(kern.cgroup), "%s", top);
	kern.cgroup_fd = open(top, O_RDONLY | O_DIRECTORY);
	return kern.cgroup_fd < 0;
}

static int finish(void **state)
{
	(void)state;
	return close(kern.cgroup_fd);
}

static void assert_whole(enum rz_wide why)
{
	assert_int_equal(rz_kern_watch_wide(&kern), why);
	assert_true(rz_wide_text(why)[0]);
	assert_int_equal(links_there(), 1);
	assert_true(is_at(top_id));
	assert_int_equal(bss.rz_holding, 1);
}

/* ---- tests ---- */

static void each_at_its_own(void **state)
{
	(void)state;
	assert_int_equal(rz_kern_watch(&kern, below[0]), 0);
	assert_int_equal(rz_kern_watch(&kern, below[1]), 0);
	assert_int_equal(rz_kern_watch(&kern, below[0]), 0);
	assert_int_equal(links_there(), 2);
	assert_true(is_at(below[0]) && is_at(below[1]));
	assert_int_equal(rz_kern_watch_wide(&kern), RZ_WIDE_NO);
	assert_int_equal(bss.rz_holding, 1);
	rz_kern_watch_no_more(&kern, NULL, 0);
	assert_int_equal(links_there(), 0);
	assert_int_equal(bss.rz_holding, 0);
}

/* Between moves, those that are listened to keep the links of their cgroups alone, and none of them
 * is pinned: they end with the daemon. The next move pins them again, or does not begin. */
static void listens(void **state)
{
	const uint64_t later = rz_now_ns() + 3600 * 1000000000ULL;
	struct rz_watched keep[2] = {{1, below[1], later}, {2, below[2], later}};

	(void)state;
	assert_int_equal(rz_kern_watch(&kern, below[0]), 0);
	assert_int_equal(rz_kern_watch(&kern, below[1]), 0);
	assert_int_equal(rz_kern_watch(&kern, below[2]), 0);
	rz_kern_watch_no_more(&kern, keep, 2);
	assert_int_equal(links_there(), 2);
	assert_true(is_at(below[1]) && is_at(below[2]));
	assert_int_equal(bss.rz_holding, 1);
	lost = true; /* nothing is pinned, so nothing is missed */
	pinned = 0;
	assert_int_equal(rz_kern_watch_lost(&kern), 0);
	assert_int_equal(rz_kern_watch_pin_again(&kern), 0);
	assert_int_equal(pinned, 0);
	pin_error = -ENOSPC;
	assert_int_equal(rz_kern_watch(&kern, below[0]), -ENOSPC);
	pin_error = 0;
	pinned = 0;
	assert_int_equal(rz_kern_watch(&kern, below[0]), 0);
	assert_int_equal(pinned, 3);
	assert_int_equal(links_there(), 3);
	assert_int_equal(rz_kern_watch_lost(&kern), 3);
	/* one is heard, the other's time is over */
	keep[1].until_ns = 1;
	rz_kern_watch_no_more(&kern, &keep[1], 1);
	assert_int_equal(links_there(), 0);
	assert_int_equal(bss.rz_holding, 0);
}

/* If one of them cannot be pinned, none stays so: with its place its pin would be forgotten. */
static void pins_all_or_none(void **state)
{
	static const char *const pins[] = RZ_WATCH_PINS;
	const uint64_t later = rz_now_ns() + 3600 * 1000000000ULL;
	struct rz_watched keep[2] = {{1, below[0], later}, {2, below[1], later}};
	char path[4200];
	size_t i;

	(void)state;
	snprintf(kern.pin_dir, sizeof(kern.pin_dir), "%s", top);
	kern.claim.pin_dir = kern.pin_dir;
	rz_pins_path(path, sizeof(path), top, "");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(rz_kern_watch(&kern, below[0]), 0);
	assert_int_equal(rz_kern_watch(&kern, below[1]), 0);
	rz_kern_watch_no_more(&kern, keep, 2);
	pin_error = -ENOSPC;
	pins_before_it = 1;
	assert_int_equal(rz_kern_watch(&kern, below[1]), -ENOSPC);
	assert_int_equal(links_there(), 2);
	for (i = 0; i < RZ_WATCH_MAX; i++) {
		rz_pins_path(path, sizeof(path), top, pins[i]);
		assert_int_not_equal(access(path, F_OK), 0);
	}
	rz_kern_watch_end(&kern);
	rz_pins_path(path, sizeof(path), top, "");
	assert_int_equal(rmdir(path), 0);
}

/* As many as have a pin each; with one more, all are followed at the whole, which begins before the
 * others end. */
static void too_many(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < RZ_WATCH_MAX; i++)
		assert_int_equal(rz_kern_watch(&kern, below[i]), 0);
	assert_int_equal(links_there(), RZ_WATCH_MAX);
	assert_int_equal(rz_kern_watch_wide(&kern), RZ_WIDE_NO);
	least = RZ_WATCH_MAX;
	assert_int_equal(rz_kern_watch(&kern, below[RZ_WATCH_MAX]), 0);
	assert_whole(RZ_WIDE_MANY);
	assert_int_equal(least, 1); /* never none */
	assert_int_equal(rz_kern_watch(&kern, below[0]), 0);
	assert_int_equal(rz_kern_watch(&kern, below[RZ_WATCH_MAX + 1]), 0);
	assert_whole(RZ_WIDE_MANY);
	/* the next moves begin anew */
	rz_kern_watch_end(&kern);
	assert_int_equal(links_there(), 0);
	assert_int_equal(rz_kern_watch(&kern, below[0]), 0);
	assert_true(is_at(below[0]));
	assert_int_equal(rz_kern_watch_wide(&kern), RZ_WIDE_NO);
}

static void the_kernel_refuses(void **state)
{
	(void)state;
	refused = below[1];
	assert_int_equal(rz_kern_watch(&kern, below[0]), 0);
	assert_int_equal(rz_kern_watch(&kern, below[1]), 0);
	assert_whole(RZ_WIDE_REFUSED);
}

/* Nothing is held then: jobs.c ends the move. What is followed already stays so. */
static void refused_at_the_whole_too(void **state)
{
	(void)state;
	assert_int_equal(rz_kern_watch(&kern, below[0]), 0);
	refused = top_id;
	assert_int_equal(rz_kern_watch(&kern, 0), -EPERM);
	assert_int_equal(links_there(), 1);
	assert_true(is_at(below[0]));
}

/* A link without its pin would end with the daemon, in the midst of a hold. */
static void it_cannot_be_pinned(void **state)
{
	(void)state;
	pin_error = -ENOSPC;
	assert_int_equal(rz_kern_watch(&kern, below[0]), -ENOSPC);
	assert_int_equal(links_there(), 0);
}

static void no_cgroup_of_its_own(void **state)
{
	struct {
		uint64_t cgroup;
		enum rz_wide why;
	} cases[] = {{0, RZ_WIDE_UNKNOWN}, {top_id, RZ_WIDE_TOP}, {~0ULL, RZ_WIDE_GONE}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(rz_kern_watch(&kern, cases[i].cgroup), 0);
		assert_whole(cases[i].why);
		rz_kern_watch_end(&kern);
	}
}

/* It was killed while it moved clients. Which of its links are pinned nobody knows, so all go; if a
 * client may have left in its hold, the whole is followed before. */
static void an_earlier_daemon(void **state)
{
	static const char *const pins[] = RZ_WATCH_PINS;
	char dir[] = "/tmp/rezone-pins-XXXXXX", path[4200], inner[4200];
	size_t i;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(kern.pin_dir, sizeof(kern.pin_dir), "%s", dir);
	rz_pins_path(inner, sizeof(inner), dir, pins[0]);
	*strrchr(inner, '/') = '\0';
	assert_int_equal(mkdir(inner, 0700), 0);
	for (i = 1; i < RZ_WATCH_MAX; i += 2) {
		rz_pins_path(path, sizeof(path), dir, pins[i]);
		assert_true(close(open(path, O_CREAT | O_WRONLY, 0600)) == 0);
	}
	something_is_left = true;
	rz_kern_watch_no_more(&kern, NULL, 0);
	assert_whole(RZ_WIDE_EARLIER);
	for (i = 1; i < RZ_WATCH_MAX; i++) {
		rz_pins_path(path, sizeof(path), dir, pins[i]);
		assert_int_equal(access(path, F_OK), -1);
	}
	rz_kern_watch_no_more(&kern, NULL, 0); /* as long as something is left */
	assert_whole(RZ_WIDE_EARLIER);
	something_is_left = false;
	rz_kern_watch_no_more(&kern, NULL, 0);
	assert_int_equal(links_there(), 0);
	assert_int_equal(bss.rz_holding, 0);
	assert_int_equal(rmdir(inner), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_at_its_own, begin, finish),
		cmocka_unit_test_setup_teardown(listens, begin, finish),
		cmocka_unit_test_setup_teardown(pins_all_or_none, begin, finish),
		cmocka_unit_test_setup_teardown(too_many, begin, finish),
		cmocka_unit_test_setup_teardown(the_kernel_refuses, begin, finish),
		cmocka_unit_test_setup_teardown(refused_at_the_whole_too, begin, finish),
		cmocka_unit_test_setup_teardown(it_cannot_be_pinned, begin, finish),
		cmocka_unit_test_setup_teardown(no_cgroup_of_its_own, begin, finish),
		cmocka_unit_test_setup_teardown(an_earlier_daemon, begin, finish),
	};

	return cmocka_run_group_tests_name("watch", tests, make_cgroups, remove_cgroups);
}
