// SPDX-License-Identifier: Apache-2.0
/* What client libraries bear, see library.h. */
#include "policy/library.h"

#include <stdlib.h>
#include <string.h>

enum use { ANY, FETCH_ONLY, PRODUCE, MEMBER /* of a group, and fetches */ };

/*
 * The first row that fits. An empty name: the client does not say what it is (kafka-go, kafkajs,
 * aiokafka, kafka-python before 3, and whoever asks for ApiVersions before v3 or not at all).
 *
 *  - Unnamed readers: kafkajs goes back to the agent it knows after a reset and asks for metadata
 *    after 5 minutes; after an end of file it asks at once, and bears it where it knows other
 *    agents and loses one connection at a time, as it does by the policy. Where this is its only
 *    one, its group may rejoin after an end of file, and after the sixth reset in a row; it comes
 *    home by itself within those 5 minutes. Only kafkajs and aiokafka, which asks as often, send
 *    Fetch v11 and no name. The other unnamed ones bear both.
 *  - Unnamed writers: kafka-go's Writer tries again after a reset; kafkajs looks around only if the
 *    reset took a request from it. None of those that never say their name sends Produce v9 or
 *    newer (aiokafka v8, the others v7): who does has said it before rezone was there, and may be
 *    franz-go.
 *  - franz-go's producer asks for metadata after an end of file, after a reset not if it was idle.
 *    When requests of its fail it goes back to the oldest of them, and a write that it had just
 *    sent on its next connection goes out once more (kgo/sink.go, resetBatchDrainIdx; seen at 4
 *    of 670 holds). Of an idempotent one the agent would know it again, but that is not seen
 *    here. It asks for metadata every 5 minutes (MetadataMaxAge) by itself.
 *  - Java from 4.0 starts over from its bootstrap list when it loses its only agent
 *    (metadata.recovery.strategy=rebootstrap, KIP-899), and the leader of a group that polls then
 *    rejoins it. It asks for metadata every 5 minutes, so it comes home by itself. Where it knows
 *    one agent only, its coordinator is that agent, and so its group connection is seen here.
 *  - sarama puts data and group membership on one connection, and its group outlives that.
 */
static const struct row {
	const char *name; /* as the client says it; NULL: any */
	int major;	  /* from this major version on */
	enum use use;
	int data_version;      /* only from this version of Produce or Fetch on */
	unsigned others_below; /* only if the client may know of fewer others; 0: in any case */
	struct rz_library_way way;
} rows[] = {
	{"", 0, MEMBER, 11, 2, {.close = RZ_CLOSE_AUTO}},
	{"", 0, FETCH_ONLY, 0, 2, {.close = RZ_CLOSE_RESET}},
	{"", 0, FETCH_ONLY, 0, 0, {.close = RZ_CLOSE_FIN}},
	{"", 0, PRODUCE, 9, 0, {.close = RZ_CLOSE_FIN, .gap_only = true}},
	{"", 0, PRODUCE, 0, 0, {.close = RZ_CLOSE_RESET, .must_take = true}},
	{"kgo", 0, PRODUCE, 0, 0, {.close = RZ_CLOSE_FIN, .gap_only = true}},
	{"apache-kafka-java", 4, MEMBER, 0, 2, {.close = RZ_CLOSE_AUTO}},
	{"sarama", 0, ANY, 0, 0, {.close = RZ_CLOSE_RESET, .shared = true}},
	{NULL, 0, ANY, 0, 0, {.close = RZ_CLOSE_RESET}},
};

static bool used_so(enum use use, const struct rz_library_case *c)
{
	switch (use) {
	case PRODUCE:
		return c->frame->produce;
	case FETCH_ONLY:
		return !c->frame->produce;
	case MEMBER:
		return !c->frame->produce && c->grouped;
	default:
		return true;
	}
}

static bool fits(const struct row *r, const struct rz_library_case *c)
{
	const char *name = c->software ? c->software->name : "";

	if (r->name && strcmp(r->name, name))
		return false;
	if (r->major && (!c->software || atoi(c->software->version) < r->major))
		return false;
	if (!used_so(r->use, c) || c->frame->data_version < r->data_version)
		return false;
	return !r->others_below || c->others < r->others_below;
}

struct rz_library_way rz_library_way(const struct rz_library_case *c)
{
	const struct row *r = rows;

	while (!fits(r, c))
		r++;
	return r->way;
}
