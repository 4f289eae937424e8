/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Which requests there are, and what a connection that carries them is used for. Pure.
 *
 * Comes in: api_key and api_version of a request. Goes out: what it was used for, in the frame.
 */
#ifndef REZONE_API_H
#define REZONE_API_H

#include <rezone/frame.h>
#include <stdbool.h>

/* api_key values (Kafka protocol guide, "Api Keys") that tell what a connection is used for. */
enum rz_api {
	RZ_API_PRODUCE = 0,
	RZ_API_FETCH = 1,
	RZ_API_LIST_OFFSETS = 2,
	RZ_API_METADATA = 3,
	RZ_API_OFFSET_COMMIT = 8,
	RZ_API_OFFSET_FETCH = 9,
	RZ_API_FIND_COORDINATOR = 10,
	RZ_API_JOIN_GROUP = 11,
	RZ_API_HEARTBEAT = 12,
	RZ_API_LEAVE_GROUP = 13,
	RZ_API_SYNC_GROUP = 14,
	RZ_API_SASL_HANDSHAKE = 17,
	RZ_API_API_VERSIONS = 18,
	RZ_API_ADD_PARTITIONS_TO_TXN = 24,
	RZ_API_ADD_OFFSETS_TO_TXN = 25,
	RZ_API_END_TXN = 26,
	RZ_API_TXN_OFFSET_COMMIT = 28,
	RZ_API_SASL_AUTHENTICATE = 36,
	RZ_API_CONSUMER_GROUP_HEARTBEAT = 68,
	RZ_API_SHARE_GROUP_HEARTBEAT = 76,
	RZ_API_SHARE_FETCH = 78,
	RZ_API_SHARE_ACKNOWLEDGE = 79,
	RZ_API_STREAMS_GROUP_HEARTBEAT = 88,
};

/* Requests that a client whose connection is lost may send again without a second effect. */
static inline bool rz_api_repeatable(__s16 api_key)
{
	switch (api_key) {
	case RZ_API_FETCH:
	case RZ_API_LIST_OFFSETS:
	case RZ_API_METADATA:
	case RZ_API_FIND_COORDINATOR:
	case RZ_API_API_VERSIONS:
		return true;
	default:
		return false;
	}
}

/* Marks in `f` what a connection with a request of this kind is used for. */
static inline void rz_api_note(struct rz_frame *f, __s16 api_key, __s16 api_version)
{
	/* bare tokens end with the first request of another kind: from then on what is no header is
	 * a lost frame */
	if (api_key != RZ_API_API_VERSIONS)
		f->sasl_raw = 0;
	switch (api_key) {
	case RZ_API_PRODUCE:
		f->produce = 1;
		f->data_version = (__u8)api_version; /* RZ_KAFKA_VERSION_MAX at most */
		break;
	case RZ_API_FETCH:
		f->fetch = 1;
		if (!f->produce) /* what writes need counts */
			f->data_version = (__u8)api_version;
		break;
	/* where things are: harmless to ask again, as rz_api_repeatable() has it. Were they
	 * `other`, a connection that only reads would have to be answered before a reset */
	case RZ_API_METADATA:
	case RZ_API_LIST_OFFSETS:
	case RZ_API_FIND_COORDINATOR:
		f->metadata = 1;
		break;
	case RZ_API_OFFSET_COMMIT:
	case RZ_API_OFFSET_FETCH:
	case RZ_API_JOIN_GROUP:
	case RZ_API_HEARTBEAT:
	case RZ_API_LEAVE_GROUP:
	case RZ_API_SYNC_GROUP:
	case RZ_API_CONSUMER_GROUP_HEARTBEAT:
	case RZ_API_SHARE_GROUP_HEARTBEAT:
	case RZ_API_STREAMS_GROUP_HEARTBEAT:
		f->coordinator = 1;
		break;
	/* Data, but data that the agent lends: records that a share session has acquired are given
	 * to others when its connection ends (KIP-932), whatever of them was processed. So these
	 * are membership too, and such a connection is `shared`. */
	case RZ_API_SHARE_FETCH:
	case RZ_API_SHARE_ACKNOWLEDGE:
		f->fetch = 1;
		f->coordinator = 1;
		break;
	case RZ_API_ADD_PARTITIONS_TO_TXN:
	case RZ_API_ADD_OFFSETS_TO_TXN:
	case RZ_API_END_TXN:
	case RZ_API_TXN_OFFSET_COMMIT:
		f->transaction = 1;
		break;
	case RZ_API_SASL_HANDSHAKE:
		f->sasl = 1;
		/* v0 is followed by bare tokens, each behind a size but without a header (KIP-152)
		 */
		if (api_version == 0)
			f->sasl_raw = 1;
		break;
	case RZ_API_SASL_AUTHENTICATE:
		f->sasl = 1;
		break;
	case RZ_API_API_VERSIONS:
		break;
	default:
		f->other = 1;
	}
}

/* Has the client begun to work, beyond ApiVersions and authentication? Some libraries send those
 * without a client.id, or with another. */
static inline bool rz_api_is_used(const struct rz_frame *f)
{
	return f->produce || f->fetch || f->coordinator || f->metadata || f->transaction ||
	       f->other;
}

#endif
