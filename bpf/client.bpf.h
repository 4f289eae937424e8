/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Who the client is: the bytes of its client.id, and the library it says it is, each kept once for
 * all connections.
 *
 * Comes in: a request header with its client.id, and the body of ApiVersions, in scratch->header.
 * Goes out: an entry in `client_ids`, its hash, and a record in `wake` if the id is new; an entry
 * in `softwares` and its number (`software_keys`). What the id says (zone, opt-in)
 * is read by user space, which puts it into `clients`. Called by the framing stage.
 */
#ifndef REZONE_BPF_CLIENT_H
#define REZONE_BPF_CLIENT_H

#include "room.bpf.h"
#include "same.bpf.h"

/* The key of the client.id behind the fixed part of scratch->header, `len` bytes on the wire. A
 * global function, so that its loop is verified once. */
__noinline __u64 rz_client_key(__s32 len)
{
	struct rz_scratch *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&scratch, &zero);
	return s ? rz_client_id_hash(s->header + RZ_KAFKA_FIXED, (__s16)len, rz_config.hash_seed)
		 : 0;
}

/* Copies the id out of the header into scratch->id, NUL-padded. */
static __always_inline void rz_client_copy(struct rz_scratch *s, __s16 len)
{
	__u32 kept = rz_client_id_kept(len) & 0xff;

	__builtin_memset(&s->id, 0, sizeof(s->id));
	s->id.len = len;
	/* a copy of variable length needs a helper; the mask above bounds it for the verifier */
	if (kept)
		bpf_probe_read_kernel(s->id.raw, kept, s->header + RZ_KAFKA_FIXED);
}

/* Puts scratch->id, which is new, into `client_ids` under `hash`. Returns 0 if there is no room. */
static __noinline __u64 rz_client_add(struct rz_scratch *s, __u64 hash)
{
	struct rz_peer *p = rz_peer_here(s, s->id.from);
	struct rz_wake wake_up = {.client = hash};
	long err;

	if (p && rz_config.peer_client_ids && p->client_ids >= rz_config.peer_client_ids) {
		RZ_COUNT(peer_clients_full);
		return 0;
	}
	s->id.first_seen_ns = bpf_ktime_get_ns();
	err = bpf_map_update_elem(&client_ids, &hash, &s->id, BPF_NOEXIST);
	if (err == -RZ_EEXIST) /* the other CPU was faster */
		return hash;
	if (err) {
		RZ_COUNT(clients_full);
		rz_error(RZ_PLACE_CLIENT_INSERT, err);
		return 0;
	}
	if (p)
		__sync_fetch_and_add(&p->client_ids, 1);
	err = bpf_ringbuf_output(&wake, &wake_up, sizeof(wake_up), 0);
	if (err) /* not lost: each tick looks for ids that nobody has read */
		rz_error(RZ_PLACE_RINGBUF, err);
	return hash;
}

/* Makes sure that `client_ids` has this header's client.id, and returns `hash`, its key; 0 if it
 * cannot be kept (no room, or another id has the same hash). */
static __noinline __u64 rz_client_note(struct rz_scratch *s, __u64 hash, __s16 len)
{
	struct rz_client_id *known;

	rz_client_copy(s, len);
	known = bpf_map_lookup_elem(&client_ids, &hash);
	if (!known)
		return rz_client_add(s, hash);
	if (known->len != s->id.len || !rz_same(known->raw, s->id.raw, RZ_CLIENT_ID_SIZE)) {
		RZ_COUNT(client_collisions);
		return 0;
	}
	return hash;
}

/* No room. Nothing is on the stack of the functions below: the framing stage has used most of it.
 */
static __always_inline __u32 rz_software_full(long err)
{
	RZ_COUNT(softwares_full);
	rz_error(RZ_PLACE_SOFTWARE_INSERT, err);
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
	struct rz_peer *p = rz_peer_here(s, s->software_key.from);
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
	if (rz_software_read(s->header, at, n, &s->software)) {
		RZ_COUNT(softwares_unread);
		return RZ_SOFTWARE_UNKEPT;
	}
	s->software_hash = rz_software_hash(&s->software, rz_config.hash_seed);
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
