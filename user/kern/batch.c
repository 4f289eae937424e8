// SPDX-License-Identifier: Apache-2.0
/* Reading a BPF hash map whole, see batch.h. */
#include "kern/batch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"

#define ROOM_FIRST 4096
#define ROOM_EACH  1024 /* fits a processor's cache, and is dozens of buckets */
#define ENOTSUPP   524	/* linux/errno.h; the kernel's own, not for user space but seen there */

struct rows {
	char *keys, *values;
	size_t n, room;
};

static int grow(struct rows *r, size_t key_size, size_t value_size, size_t room)
{
	char *keys = realloc(r->keys, room * key_size);
	char *values;

	if (!keys)
		return -ENOMEM;
	r->keys = keys;
	values = realloc(r->values, room * value_size);
	if (!values)
		return -ENOMEM;
	r->values = values;
	r->room = room;
	return 0;
}

/* One entry after the other, for maps that have no batches: LPM tries on older kernels. An entry
 * that is removed meanwhile starts it over. */
static int read_singly(int map_fd, size_t key_size, size_t value_size, struct rows *r)
{
	_cleanup_free_ char *key = malloc(key_size);
	bool first = true;
	int err = key ? 0 : -ENOMEM;

	while (!err && !bpf_map_get_next_key(map_fd, first ? NULL : key, key)) {
		first = false;
		if (r->n == r->room)
			err = grow(r, key_size, value_size, r->room * 2);
		if (err || bpf_map_lookup_elem(map_fd, key, r->values + r->n * value_size))
			continue;
		memcpy(r->keys + r->n++ * key_size, key, key_size);
	}
	return err;
}

/* Where the reading of a map stands. The cursor is a bucket number or a key, whichever is larger.
 */
struct reading {
	int fd;
	uint64_t flags;
	size_t key_size, value_size;
	char *cursor;
	bool begun, over, no_batches;
};

/* One batch more, behind the rows that there are. 0 or -errno; -ENOSPC: the next bucket does not
 * fit, nothing of it was read. */
static int read_batch(struct reading *at, struct rows *r)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = at->flags);
	__u32 count = r->room - r->n;
	int err = bpf_map_lookup_batch(at->fd, at->begun ? at->cursor : NULL, at->cursor,
				       r->keys + r->n * at->key_size,
				       r->values + r->n * at->value_size, &count, &opts)
			  ? -errno
			  : 0;

	at->no_batches = !at->begun && (err == -ENOTSUPP || err == -EOPNOTSUPP);
	if (err && err != -ENOENT)
		return err;
	at->over = err == -ENOENT;
	at->begun = true;
	r->n += count;
	return 0;
}

static int begin(struct reading *at, struct rows *r, size_t room)
{
	at->cursor = calloc(1, at->key_size + sizeof(uint64_t));
	return at->cursor ? grow(r, at->key_size, at->value_size, room) : -ENOMEM;
}

int rz_batch_each(int map_fd, size_t key_size, size_t value_size, uint64_t flags, rz_batch_fn fn,
		  void *arg)
{
	struct reading at = {map_fd, flags, key_size, value_size, NULL, false, false, false};
	struct rows r = {};
	int err = begin(&at, &r, ROOM_EACH);

	while (!err && !at.over) {
		r.n = 0;
		err = read_batch(&at, &r);
		if (at.no_batches) {
			err = read_singly(map_fd, key_size, value_size, &r);
			at.over = true;
		} else if (err == -ENOSPC) {
			err = grow(&r, key_size, value_size, r.room * 2);
		}
		if (!err && r.n)
			err = fn(arg, r.keys, r.values, r.n);
	}
	free(at.cursor);
	free(r.keys);
	free(r.values);
	return err;
}

int rz_batch_read(int map_fd, size_t key_size, size_t value_size, uint64_t flags, void **ret_keys,
		  void **ret_values, size_t *ret_n)
{
	struct reading at = {map_fd, flags, key_size, value_size, NULL, false, false, false};
	struct rows r = {};
	int err = begin(&at, &r, ROOM_FIRST);

	while (!err && !at.over) {
		err = read_batch(&at, &r);
		if (at.no_batches) {
			err = read_singly(map_fd, key_size, value_size, &r);
			break;
		}
		if (err == -ENOSPC || (!err && !at.over && r.room - r.n < ROOM_FIRST / 2))
			err = grow(&r, key_size, value_size, r.room * 2);
	}
	free(at.cursor);
	if (err) {
		free(r.keys);
		free(r.values);
		return err;
	}
	*ret_keys = r.keys;
	*ret_values = r.values;
	*ret_n = r.n;
	return 0;
}

int rz_batch_read_rows(int map_fd, const struct rz_batch_row *row, uint64_t flags, void **ret,
		       size_t *ret_n)
{
	_cleanup_free_ char *keys = NULL, *values = NULL;
	char *rows;
	size_t i, n;
	int err = rz_batch_read(map_fd, row->key_size, row->value_size, flags, (void **)&keys,
				(void **)&values, &n);

	if (err)
		return err;
	rows = calloc(n + 1, row->size);
	if (!rows)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		memcpy(rows + i * row->size, keys + i * row->key_size, row->key_size);
		memcpy(rows + i * row->size + row->value_at, values + i * row->value_size,
		       row->value_size);
	}
	*ret = rows;
	*ret_n = n;
	return 0;
}

size_t rz_batch_write(int map_fd, const void *keys, size_t key_size, const void *values,
		      size_t value_size, size_t n, int *ret_err)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	const char *key, *value;
	size_t from = 0;
	__u32 done;

	*ret_err = 0;
	while (from < n) {
		done = (__u32)(n - from);
		key = (const char *)keys + from * key_size;
		value = (const char *)values + from * value_size;
		if (!bpf_map_update_batch(map_fd, key, value, &done, &opts))
			return n;
		/* a call that fails before its first entry may leave the count as it was */
		if (done >= n - from)
			done = 0;
		/* by itself it may go: the call for many needs memory of its own */
		if (errno == E2BIG || bpf_map_update_elem(map_fd, key + done * key_size,
							  value + done * value_size, BPF_ANY)) {
			*ret_err = -errno;
			return from + done;
		}
		from += done + 1;
	}
	return n;
}
