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
#define ENOTSUPP   524 /* linux/errno.h; the kernel's own, not for user space but seen there */

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

int rz_batch_read(int map_fd, size_t key_size, size_t value_size, uint64_t flags, void **ret_keys,
		  void **ret_values, size_t *ret_n)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = flags);
	/* the cursor is a bucket number or a key, whichever is larger */
	_cleanup_free_ char *cursor = calloc(1, key_size + sizeof(uint64_t));
	struct rows r = {};
	void *in = NULL;
	__u32 count;
	int err = cursor ? grow(&r, key_size, value_size, ROOM_FIRST) : -ENOMEM;

	while (!err) {
		count = r.room - r.n;
		err = bpf_map_lookup_batch(map_fd, in, cursor, r.keys + r.n * key_size,
					   r.values + r.n * value_size, &count, &opts);
		err = err < 0 ? -errno : 0;
		if (!in && (err == -ENOTSUPP || err == -EOPNOTSUPP)) {
			err = read_singly(map_fd, key_size, value_size, &r);
			break;
		}
		if (err && err != -ENOENT && err != -ENOSPC)
			break;
		if (err != -ENOSPC) { /* ENOSPC: a bucket did not fit, nothing of it was read */
			r.n += count;
			in = cursor;
		}
		if (err == -ENOENT) /* that was the last batch */
			break;
		err = r.room - r.n < ROOM_FIRST / 2 || err == -ENOSPC
			      ? grow(&r, key_size, value_size, r.room * 2)
			      : 0;
	}
	if (err && err != -ENOENT) {
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
