/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place of map counted (include/rezone/ledger.h): what is counted of a connection. Pure.
 *
 * Comes in: entries of the map, or memory of the same form. Goes out: places, one by one. Called by
 * policy/roll.c, which alone writes them, and cmd/plan.c, which reads the daemon's.
 */
#ifndef RZ_POLICY_COUNTED_H
#define RZ_POLICY_COUNTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/ledger.h>

#define RZ_COUNTED_SUM_MASK ((1ULL << RZ_COUNTED_SUM_BITS) - 1)

struct rz_counted {
	uint64_t cookie;   /* 0: nobody's place */
	uint64_t rx_bytes; /* these two modulo 2^51: see rz_counted_since() */
	uint64_t tx_bytes;
	bool tls;
	bool base;
};

/*
 * A cookie out of its low 55 bits. The kernel counts cookies from 1, a few thousand at a time for
 * each CPU, and down from -1 those that are made in an interrupt while that CPU is making another
 * one (include/linux/cookie.h): neither count comes near 2^54.
 */
static inline uint64_t rz_counted_cookie(uint64_t low)
{
	return (uint64_t)((int64_t)(low << 9) >> 9);
}

/* A place of these entries. The daemon may write it meanwhile: a place that changes hands is
 * nobody's. */
static inline struct rz_counted rz_counted_get(const struct rz_counted_entry *entries, size_t place)
{
	const struct rz_counted_entry *e = &entries[place / RZ_COUNTED_EACH];
	size_t i = place % RZ_COUNTED_EACH;
	uint32_t id = __atomic_load_n(&e->id[i], __ATOMIC_ACQUIRE);
	uint64_t rx = __atomic_load_n(&e->rx[i], __ATOMIC_ACQUIRE);
	uint64_t tx = __atomic_load_n(&e->tx[i], __ATOMIC_ACQUIRE);

	if (!(id & RZ_COUNTED_USED) || __atomic_load_n(&e->id[i], __ATOMIC_RELAXED) != id)
		return (struct rz_counted){};
	return (struct rz_counted){
		.cookie = rz_counted_cookie(
			id >> RZ_COUNTED_ID_SHIFT |
			rx >> RZ_COUNTED_SUM_BITS << RZ_COUNTED_ID_BITS |
			tx >> RZ_COUNTED_SUM_BITS << (RZ_COUNTED_ID_BITS + RZ_COUNTED_HIGH_BITS)),
		.rx_bytes = rx & RZ_COUNTED_SUM_MASK,
		.tx_bytes = tx & RZ_COUNTED_SUM_MASK,
		.tls = id & RZ_COUNTED_TLS,
		.base = id & RZ_COUNTED_BASE,
	};
}

/* Takes a place that is nobody's, or brings that of the same connection up to date. */
static inline void rz_counted_put(struct rz_counted_entry *entries, size_t place,
				  const struct rz_counted *c)
{
	struct rz_counted_entry *e = &entries[place / RZ_COUNTED_EACH];
	uint64_t high = c->cookie >> RZ_COUNTED_ID_BITS;
	size_t i = place % RZ_COUNTED_EACH;
	uint32_t id = (uint32_t)(c->cookie << RZ_COUNTED_ID_SHIFT) | RZ_COUNTED_USED;

	id |= (c->tls ? RZ_COUNTED_TLS : 0) | (c->base ? RZ_COUNTED_BASE : 0);
	__atomic_store_n(&e->rx[i],
			 (c->rx_bytes & RZ_COUNTED_SUM_MASK) | high << RZ_COUNTED_SUM_BITS,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&e->tx[i],
			 (c->tx_bytes & RZ_COUNTED_SUM_MASK) |
				 high >> RZ_COUNTED_HIGH_BITS << RZ_COUNTED_SUM_BITS,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&e->id[i], id, __ATOMIC_RELEASE);
}

static inline void rz_counted_clear(struct rz_counted_entry *entries, size_t place)
{
	__atomic_store_n(&entries[place / RZ_COUNTED_EACH].id[place % RZ_COUNTED_EACH], 0,
			 __ATOMIC_RELEASE);
}

/* How much more a sum is than it was, of which the low 51 bits are known; 0 if it is less, as where
 * a socket was read before its record was. */
static inline uint64_t rz_counted_since(uint64_t now, uint64_t before)
{
	uint64_t more = (now - before) & RZ_COUNTED_SUM_MASK;

	return (more >> (RZ_COUNTED_SUM_BITS - 1)) ? 0 : more;
}

#endif
