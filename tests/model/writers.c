// SPDX-License-Identifier: Apache-2.0
/* What producers of each library bear, naively, see model.h: docs/clients.md, "What rezone
 * does with each library". */
#include <stdio.h>

#include "model.h"

/* librdkafka's version, which most bindings give behind their own. 0: it is another library, or
 * nobody can tell. */
unsigned librdkafka(const struct rz_software *s)
{
	const char *version = s->version, *at;
	unsigned major, minor;
	bool said = !strcmp(s->name, "librdkafka") || !strcmp(s->name, "confluent-kafka-go") ||
		    !strcmp(s->name, "confluent-kafka-dotnet");

	for (at = version; *at && twist != TWIST_RDKAFKA_VERSION; at++)
		if (!strncmp(at, "rdkafka-", 8)) {
			version = at + 8;
			said = true;
		}
	if (!said || strlen(s->version) == RZ_SOFTWARE_SIZE - 1)
		return 0;
	if (sscanf(version, "v%u.%u", &major, &minor) != 2 &&
	    sscanf(version, "%u.%u", &major, &minor) != 2)
		return 0;
	return major * 1000 + minor;
}

/* Two batches, both alike, with what Java writes into their headers. */
static bool like_java(const struct rz_print *p)
{
	return p->produces > 1 && p->produce_timeout_ms == 30000 && p->leader_epoch == -1 &&
	       (p->idempotent || (p->producer_epoch == -1 && p->base_sequence == -1)) &&
	       !p->batches_differ && !p->timeouts_differ && twist != TWIST_FINGERPRINT;
}

bool is_idempotent(const struct rz_print *p)
{
	return p->produces > 1 && p->idempotent && !p->batches_differ && twist != TWIST_IDEMPOTENT;
}

enum bears writer_bears(const struct rz_frame *f, const struct rz_software *s,
			const struct rz_print *p)
{
	unsigned major = 0, minor = 0;

	if (!s && !f->software && f->adopted && !f->tentative && !f->several && like_java(p))
		return BEARS_HOLD;
	if (!s)
		return f->data_version >= (twist != TWIST_KAFKA_GO_WRITES ? 8 : 9) ? BEARS_NOTHING
		       : twist == TWIST_UNNAMED_HELD				   ? BEARS_HOLD
										   : BEARS_GAP;
	if (!strcmp(s->name, "kgo"))
		return is_idempotent(p) ? BEARS_HOLD : BEARS_GAP;
	if (!strcmp(s->name, "kafka-python")) {
		sscanf(s->version, "%u.%u", &major, &minor);
		return major > 2 || (major == 2 && minor >= 2) ? BEARS_HOLD : BEARS_GAP;
	}
	if (!strcmp(s->name, "sarama") || !strcmp(s->name, "apache-kafka-java"))
		return BEARS_HOLD;
	if (librdkafka(s) >= 2004)
		return BEARS_IF_FOLLOWED;
	return librdkafka(s) >= 1009 ? BEARS_HOLD : BEARS_NOTHING;
}
