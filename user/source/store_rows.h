/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a store, between store.c and build.c. */
#ifndef RZ_SOURCE_STORE_ROWS_H
#define RZ_SOURCE_STORE_ROWS_H

#include "base/map.h"
#include "source/store.h"

struct rz_kube_entry {
	struct rz_kube_slice *slice;
	UT_hash_handle hh;
};

struct rz_kube_store {
	struct rz_kube_entry *by_name;
	size_t n_endpoints;
};

#endif
