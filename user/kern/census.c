// SPDX-License-Identifier: Apache-2.0
/* The census, see census.h. */
#include "kern/census.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "kern/batch.h"
#include "kern/enter.h"
#include "kern/live.h"

struct rz_census {
	uint64_t *missed; /* cookies, sorted */
	size_t n;
};

int rz_census_new(struct rz_census **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void rz_census_free(struct rz_census *c)
{
	if (!c)
		return;
	free(c->missed);
	free(c);
}

static int u64_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int u32_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* All entries of map conns; the caller frees. */
static int read_conns(int fd, struct rz_conn **ret, size_t *ret_n)
{
	_cleanup_free_ void *keys = NULL;

	return rz_batch_read(fd, sizeof(uint64_t), sizeof(**ret), BPF_F_LOCK, &keys, (void **)ret,
			     ret_n);
}

/* The namespaces of these connections, each once. */
static int netns_of(const struct rz_conn *conns, size_t n, uint32_t **ret, size_t *ret_n)
{
	uint32_t *inums = malloc((n + 1) * sizeof(*inums));
	size_t i, kept = 0;

	if (!inums)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		inums[i] = conns[i].netns;
	qsort(inums, n, sizeof(*inums), u32_order);
	for (i = 0; i < n; i++)
		if (!kept || inums[kept - 1] != inums[i])
			inums[kept++] = inums[i];
	*ret = inums;
	*ret_n = kept;
	return 0;
}

/* Walks each; keeps in `inums` those whose sockets are known now. A namespace that nobody is in has
 * none. */
static int walk_all(struct rz_kern *k, uint32_t *inums, size_t *n)
{
	size_t i, kept = 0;
	int err, first = 0;

	for (i = 0; i < *n; i++) {
		err = rz_kern_census(k, inums[i]);
		if (err == -ENOENT)
			err = 0;
		if (!err)
			inums[kept++] = inums[i];
		else if (!first)
			first = err;
	}
	*n = kept;
	return first;
}

/* A number that no entry has: one more than the last census, of whichever daemon, left there. */
static uint32_t next_number(const struct rz_conn *conns, size_t n)
{
	uint32_t last = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (conns[i].met > last)
			last = conns[i].met;
	return last + 1;
}

static bool is_gone(const struct rz_conn *c, uint32_t number, uint64_t begin, const uint32_t *inums,
		    size_t n)
{
	return c->met != number && c->opened_ns < begin && c->last_request_ns < begin &&
	       bsearch(&c->netns, inums, n, sizeof(*inums), u32_order);
}

/* Removes what was missed twice running, and remembers what was missed now. */
static size_t remove_missed(struct rz_census *c, struct rz_kern *k, const struct rz_conn *conns,
			    size_t n, uint32_t number, uint64_t begin, const uint32_t *inums,
			    size_t n_inums)
{
	uint64_t *missed = malloc((n + 1) * sizeof(*missed));
	size_t i, n_missed = 0, removed = 0;

	for (i = 0; missed && i < n; i++) {
		uint64_t cookie = conns[i].cookie;

		if (!is_gone(&conns[i], number, begin, inums, n_inums))
			continue;
		if (c->n && bsearch(&cookie, c->missed, c->n, sizeof(cookie), u64_order)) {
			removed += rz_kern_forget_conn(k, &conns[i]);
			bpf_map_delete_elem(rz_kern_maps(k)->held, &cookie);
		} else {
			missed[n_missed++] = cookie;
		}
	}
	if (n_missed)
		qsort(missed, n_missed, sizeof(*missed), u64_order);
	free(c->missed);
	c->missed = missed;
	c->n = n_missed;
	return removed;
}

int rz_census_run(struct rz_census *c, struct rz_kern *k, bool whole, bool *ret_all)
{
	_cleanup_free_ struct rz_conn *before = NULL, *after = NULL;
	_cleanup_free_ uint32_t *inums = NULL;
	int fd = rz_kern_maps(k)->conns, err;
	size_t n_before = 0, n_after = 0, n = 0, removed;
	uint64_t begin = rz_now_ns();
	uint32_t number;
	bool all = false;

	*ret_all = false;
	err = read_conns(fd, &before, &n_before);
	if (!err)
		err = whole ? rz_enter_list(&inums, &n, &all)
			    : netns_of(before, n_before, &inums, &n);
	if (err)
		return err;
	number = next_number(before, n_before);
	rz_kern_census_begin(k, number);
	err = walk_all(k, inums, &n);
	if (err == -EOPNOTSUPP)
		return err;
	*ret_all = all && err != -EOWNERDEAD;
	err = read_conns(fd, &after, &n_after);
	if (err)
		return err;
	removed = remove_missed(c, k, after, n_after, number, begin, inums, n);
	if (whole && n_after > n_before)
		rz_log_fields(RZ_LOG_INFO,
			      json_pack("{s:I, s:I}", "connections", (json_int_t)n_after,
					"namespaces", (json_int_t)n),
			      "census: %zu connections in %zu network namespaces; each is "
			      "identified at its next request",
			      n_after, n);
	if (removed)
		rz_log_fields(
			RZ_LOG_WARN, json_pack("{s:I}", "connections", (json_int_t)removed),
			"census: %zu entries of map conns had no socket any more and are removed",
			removed);
	return 0;
}
