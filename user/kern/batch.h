/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a BPF hash map whole, in batches (Linux 5.6): a walk key by key starts over whenever the
 * key it stands on is deleted. Called by kern/maps.c, kern/maps_topo.c and kern/clients.c.
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

#endif
