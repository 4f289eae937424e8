/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The client's identity: the bytes of its client.id, kept once for all connections.
 *
 * Comes in: a request header with its client.id, in scratch->header. Goes out: an entry in
 * `client_ids`, its hash, and a record in `wake` if the id is new. User space
 * reads zone and opt-in from the id, and puts them into `clients`. Called by read.bpf.h
 * and sync.bpf.h.
 */
#ifndef REZONE_BPF_CLIENT_H
#define REZONE_BPF_CLIENT_H

#include "room.bpf.h"

/* The key of the client.id behind the fixed part of scratch->header: `kept` bytes of it, `len` on
 * the wire. A global function, so that its loop is verified once, and for any number of bytes. */
__noinline __u64 rz_client_key_of(__u32 kept, __s32 len)
{
	struct rz_scratch *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&scratch, &zero);
	return s ? rz_request_id_hash_kept(s->header + RZ_KAFKA_FIXED, kept & RZ_CLIENT_ID_KEPT,
					   (__s16)len, rz_config.hash_seed)
		 : 0;
}

static __always_inline __u64 rz_client_key(__s16 len)
{
	return rz_client_key_of(rz_request_id_kept(len), len);
}

/* Copies the id out of the header into scratch->id, NUL-padded. */
static __always_inline void rz_client_copy(struct rz_scratch *s, __s16 len)
{
	__u32 kept = rz_request_id_kept(len) & 0xff;

	__builtin_memset(&s->id, 0, sizeof(s->id));
	s->id.len = len;
	/* a copy of variable length needs a helper; the mask above bounds it for the verifier */
	if (kept)
		bpf_probe_read_kernel(s->id.raw, kept, s->header + RZ_KAFKA_FIXED);
}

/* Is this the id of the header, `len` bytes on the wire? What is kept is NUL-padded. */
static __always_inline bool rz_client_is(const struct rz_client_id *known,
					 const struct rz_scratch *s, __s16 len)
{
	__u32 kept = rz_request_id_kept(len), i;
	const __u8 *p = s->header + RZ_KAFKA_FIXED;
	__u64 diff = known->len ^ len;

	for (i = 0; i < RZ_CLIENT_ID_SIZE / 8 - 1; i++) {
		if (i * 8 + 8 > kept)
			break;
		diff |= rz_bytes_load64(known->raw + i * 8) ^ rz_bytes_load64(p + i * 8);
	}
	i = kept & 0xf8;
	return !(diff | (rz_bytes_load64(known->raw + i) ^ rz_bytes_load_some(p + i, kept & 7)));
}

/* Puts scratch->id, which is new, into `client_ids` under `hash`. Returns 0 if there is no room. */
static __noinline __u64 rz_client_add(struct rz_scratch *s, __u64 hash)
{
	struct rz_peer *p = rz_room_peer_here(s, s->id.from);
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
		rz_count_error(RZ_PLACE_CLIENT_INSERT, err);
		return 0;
	}
	if (p)
		__sync_fetch_and_add(&p->client_ids, 1);
	err = bpf_ringbuf_output(&wake, &wake_up, sizeof(wake_up), 0);
	if (err) /* not lost: each tick looks for ids that nobody has read */
		rz_count_error(RZ_PLACE_RINGBUF, err);
	return hash;
}

/* Makes sure that `client_ids` has this header's client.id, and returns `hash`, its key; 0 if it
 * cannot be kept (no room, or another id has the same hash). A global function, so that it is
 * verified once. */
__noinline __u64 rz_client_note(__u64 hash, __s32 len)
{
	struct rz_scratch *s = bpf_map_lookup_elem(&scratch, &rz_zero);
	struct rz_client_id *known = bpf_map_lookup_elem(&client_ids, &hash);

	if (!s)
		return 0;
	if (!known) {
		rz_client_copy(s, len);
		return rz_client_add(s, hash);
	}
	if (!rz_client_is(known, s, len)) {
		RZ_COUNT(client_collisions);
		return 0;
	}
	return hash;
}

#endif
