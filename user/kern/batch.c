// SPDX-License-Identifier: Apache-2.0
/* Reading a BPF hash map whole, see batch.h. */
#include "kern/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"

#define ROOM_FIRST 4096

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
