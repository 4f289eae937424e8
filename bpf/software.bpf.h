/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which library the client is, by what it says itself, kept once for all connections.
 *
 * Comes in: the body of ApiVersions, in scratch->header. Goes out: an entry in `softwares`, and its
 * number (`software_keys`). Called by read.bpf.h when most of the stack is used, so no function
 * here puts anything on it.
 */
#ifndef REZONE_BPF_SOFTWARE_H
#define REZONE_BPF_SOFTWARE_H

#include "room.bpf.h"
#include "same.bpf.h"

/* There is no room for it. */
static __always_inline __u32 rz_software_full(long err)
{
	RZ_COUNT(softwares_full);
	rz_count_error(RZ_PLACE_SOFTWARE_INSERT, err);
	return RZ_SOFTWARE_UNKEPT;
}

/* Puts scratch->software into `softwares` under a number that no other has had: one that is stale
 * names nobody, and never somebody else. Returns 0, and the number in scratch->software_key. */
static __always_inline long rz_software_number(struct rz_scratch *s)
{
	__u32 *number = &s->software_key.number;
	struct rz_secret *given;
	long err = -RZ_EEXIST;
	int i;

	given = bpf_map_lookup_elem(&secret, &rz_zero);
	if (!given)
		return -RZ_ENOENT;
	for (i = 0; i < 4 && err == -RZ_EEXIST; i++) {
		/* in two steps, for BPF has no more before Linux 5.12: another CPU may read the
		 * same number, and then the map takes the first of the two */
		__sync_fetch_and_add(&given->software, 1);
		*number = *(volatile __u32 *)&given->software;
		if (*number && *number != RZ_SOFTWARE_UNKEPT)
			err = bpf_map_update_elem(&softwares, number, &s->software, BPF_NOEXIST);
	}
	return err;
}

/* scratch->software, which was new a moment ago, gets a number and a key. Returns the number, or
 * RZ_SOFTWARE_UNKEPT. */
static __always_inline __u32 rz_software_add(struct rz_scratch *s)
{
	struct rz_peer *p = rz_room_peer_here(s, s->software_key.from);
	struct rz_software_key *other;
	long err;

	if (p && rz_config.peer_softwares && p->softwares >= rz_config.peer_softwares) {
		RZ_COUNT(peer_softwares_full);
		return RZ_SOFTWARE_UNKEPT;
	}
	err = rz_software_number(s);
	if (err)
		return rz_software_full(err);
	err = bpf_map_update_elem(&software_keys, &s->software_hash, &s->software_key, BPF_NOEXIST);
	if (!err) {
		if (p)
			__sync_fetch_and_add(&p->softwares, 1);
		return s->software_key.number;
	}
	bpf_map_delete_elem(&softwares, &s->software_key.number);
	other = bpf_map_lookup_elem(&software_keys, &s->software_hash);
	if (err == -RZ_EEXIST && other) /* the other CPU was faster */
		return other->number;
	return rz_software_full(err);
}

/*
 * The client's library, from the `n` bytes of an ApiVersions request's body at `at` of
 * scratch->header. Returns its key in `softwares`, or RZ_SOFTWARE_UNKEPT. A global function, so
 * that its loops are verified once.
 */
__noinline __u32 rz_software_note(__u32 at, __u32 n)
{
	struct rz_software_key *known;
	struct rz_software *same;
	struct rz_scratch *s;

	s = bpf_map_lookup_elem(&scratch, &rz_zero);
	if (!s)
		return RZ_SOFTWARE_UNKEPT;
	__builtin_memset(&s->software, 0, sizeof(s->software));
	if (rz_body_software(s->header, at, n, &s->software)) {
		RZ_COUNT(softwares_unread);
		return RZ_SOFTWARE_UNKEPT;
	}
	s->software_hash = rz_body_software_hash(&s->software, rz_config.hash_seed);
	known = bpf_map_lookup_elem(&software_keys, &s->software_hash);
	if (!known)
		return rz_software_add(s);
	same = bpf_map_lookup_elem(&softwares, &known->number);
	if (!same || !rz_same(same, &s->software, sizeof(*same))) {
		RZ_COUNT(software_collisions);
		return RZ_SOFTWARE_UNKEPT;
	}
	return known->number;
}

#endif
