/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Who the client is: the bytes of its client.id, and the library it says it is, each kept once for
 * all connections.
 *
 * Comes in: a request header with its client.id, and the body of ApiVersions, in scratch->header.
 * Goes out: an entry in `client_ids`, its hash, and a record in `wake` if the id is new; an entry
 * in `softwares` and its number. What the id says (zone, opt-in)
 * is read by user space, which puts it into `clients`. Called by the framing stage.
 */
#ifndef REZONE_BPF_CLIENT_H
#define REZONE_BPF_CLIENT_H

#include "errstat.bpf.h"

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

static __always_inline int rz_client_same(const struct rz_client_id *a,
					  const struct rz_client_id *b)
{
	const __u64 *x = (const __u64 *)a->raw, *y = (const __u64 *)b->raw;
	__u64 diff = a->len != b->len;
	int i;

	for (i = 0; i < RZ_CLIENT_ID_SIZE / 8; i++)
		diff |= x[i] ^ y[i];
	return !diff;
}

/* Makes sure that `client_ids` has this header's client.id, and returns `hash`, its key; 0 if it
 * cannot be kept (map full, or another id has the same hash). */
static __noinline __u64 rz_client_note(struct rz_scratch *s, __u64 hash, __s16 len)
{
	struct rz_client_id *known;
	struct rz_wake wake_up = {};
	long err;

	rz_client_copy(s, len);
	known = bpf_map_lookup_elem(&client_ids, &hash);
	if (!known) {
		s->id.first_seen_ns = bpf_ktime_get_ns();
		err = bpf_map_update_elem(&client_ids, &hash, &s->id, BPF_NOEXIST);
		if (err && err != -RZ_EEXIST) {
			RZ_COUNT(clients_full);
			rz_error(RZ_PLACE_CLIENT_INSERT, err);
			return 0;
		}
		wake_up.client = hash;
		err = bpf_ringbuf_output(&wake, &wake_up, sizeof(wake_up), 0);
		if (err) /* not lost: each tick looks for ids that nobody has read */
			rz_error(RZ_PLACE_RINGBUF, err);
		return hash;
	}
	if (!rz_client_same(known, &s->id)) {
		RZ_COUNT(client_collisions);
		return 0;
	}
	return hash;
}

static __always_inline int rz_software_same(const struct rz_software *a,
					    const struct rz_software *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;
	__u64 diff = 0;
	int i;

	for (i = 0; i < (int)(sizeof(*a) / 8); i++)
		diff |= x[i] ^ y[i];
	return !diff;
}

/*
 * The client's library, from the `n` bytes of an ApiVersions request's body at `at` of
 * scratch->header. Returns its key in `softwares`, 0 if it cannot be read or kept. A global
 * function, so that its loops are verified once.
 */
__noinline __u32 rz_software_note(__u32 at, __u32 n)
{
	struct rz_software *known;
	struct rz_scratch *s;
	__u32 zero = 0, key;
	__u64 hash;
	long err;

	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s)
		return 0;
	__builtin_memset(&s->software, 0, sizeof(s->software));
	if (rz_software_read(s->header, at, n, &s->software))
		return 0;
	hash = rz_software_hash(&s->software, rz_config.hash_seed);
	key = (__u32)hash ? (__u32)hash : 1;
	known = bpf_map_lookup_elem(&softwares, &key);
	if (known)
		return rz_software_same(known, &s->software) ? key : 0;
	err = bpf_map_update_elem(&softwares, &key, &s->software, BPF_NOEXIST);
	if (err && err != -RZ_EEXIST) {
		RZ_COUNT(softwares_full);
		rz_error(RZ_PLACE_SOFTWARE_INSERT, err);
		return 0;
	}
	return key;
}

#endif
