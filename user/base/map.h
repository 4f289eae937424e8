/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash tables: uthash, with one rule about memory. Every file that uses uthash includes this header
 * and not <uthash.h>: by itself uthash ends the process when memory runs out, and a daemon that
 * ends in the middle of a move leaves the holds to their deadlines.
 *
 * After HASH_ADD of `x`, x->hh.tbl is NULL if there was no memory: `x` is in no table then, and
 * still the caller's.
 */
#ifndef RZ_BASE_MAP_H
#define RZ_BASE_MAP_H

#ifdef HASH_FIND
#error "include base/map.h, not uthash.h: uthash would end the process when memory runs out"
#endif
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#endif
