/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a BPF hash map whole, in batches (Linux 5.6): a walk key by key starts over whenever the
 * key it stands on is deleted. Called by all of kern/ that reads a map. And writing many entries by
 * one call.
 */
#ifndef RZ_KERN_BATCH_H
#define RZ_KERN_BATCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads keys and values (sizes as the map has them) into two arrays that the caller frees. `flags`:
 * BPF_F_LOCK for values with a spin lock. 0 or -errno; outputs on success only.
 */
int rz_batch_read(int map_fd, size_t key_size, size_t value_size, uint64_t flags, void **ret_keys,
		  void **ret_values, size_t *ret_n);

/* The same into one array of rows, each a struct that begins with the key. */
struct rz_batch_row {
	size_t key_size, value_size, value_at, size;
};
#define RZ_BATCH_ROW(type, key, value)                                               \
	((struct rz_batch_row){sizeof(((type *)0)->key), sizeof(((type *)0)->value), \
			       offsetof(type, value), sizeof(type)})
int rz_batch_read_rows(int map_fd, const struct rz_batch_row *row, uint64_t flags, void **ret,
		       size_t *ret_n);

/*
 * The same without keeping them: `fn` has each batch, in a buffer that the next one is read into.
 * What it returns other than 0 ends the reading, and is returned. It may change the map.
 */
typedef int (*rz_batch_fn)(void *arg, const void *keys, const void *values, size_t n);
int rz_batch_each(int map_fd, size_t key_size, size_t value_size, uint64_t flags, rz_batch_fn fn,
		  void *arg);

/*
 * Writes n entries in their order, whether they are there or not, by as few calls as can be. Stops
 * at the first that cannot be written: *ret_err is its -errno, else 0. Returns how many were.
 */
size_t rz_batch_write(int map_fd, const void *keys, size_t key_size, const void *values,
		      size_t value_size, size_t n, int *ret_err);

#endif
