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

/* Likewise, with what librdkafka from 2.4 on and kafka-python from 2.2 on write. Of librdkafka the
 * version is not told, so the rule is that of 2.10. */
static bool like_rdkafka(const struct rz_print *p)
{
	return p->produces > 1 && p->produce_timeout_ms == 30000 && !p->leader_epoch &&
	       (p->idempotent || (p->producer_epoch == -1 && p->base_sequence == -1)) &&
	       !p->batches_differ && !p->timeouts_differ && twist != TWIST_FINGERPRINT;
}

static bool is_older(const struct rz_frame *f)
{
	return !f->software && f->adopted && !f->tentative && !f->several;
}

/* Its agent has a newer Produce than it sends. librdkafka from 2.9 on has never done that. */
static bool is_not_2_9(const struct rz_print_row *row)
{
	return row->told.agent_has != RZ_TOLD_NO_ANSWER &&
	       row->told.agent_has > row->print.versions[RZ_PRINT_OF_PRODUCE] &&
	       twist != TWIST_AGENT;
}

/* Before it is held to find out, its agent is asked. */
bool may_be_told(const struct rz_frame *f, const struct rz_print_row *row, bool asks)
{
	const struct rz_print *p = &row->print;
	const struct rz_told *t = &row->told;
	bool waits = asks && !t->agent_has && twist != TWIST_AGENT_FIRST;

	return is_older(f) && like_rdkafka(p) && !p->several && !waits && !is_not_2_9(row) &&
	       (t->unanswered <= 7 || twist == TWIST_PROBE_DEEP) &&
	       (!t->probed || twist == TWIST_PROBE_ONCE) && twist != TWIST_PROBE;
}

/* Seen to begin without a name: so kafka-python 2.3 does alone, which has Produce v8, and fewer in
 * flight. */
static bool is_python_2_3(const struct rz_frame *f, const struct rz_print_row *row)
{
	const struct rz_print *p = &row->print;

	return !f->software && !f->adopted && !f->tentative && !f->several && like_rdkafka(p) &&
	       p->versions[RZ_PRINT_OF_PRODUCE] == 8 + 1 && f->data_version >= 8 &&
	       row->told.unanswered <= (p->idempotent ? 1 : 5);
}

/* It is kafka-python if it put several partitions into one request, librdkafka if it had more than
 * 7 in flight; nobody's if it did both. Of an agent that has a newer version than v8 it is
 * librdkafka 2.4, than v9 none. */
static bool is_told(const struct rz_frame *f, const struct rz_print_row *row, enum bears *ret)
{
	bool several = row->print.several && twist != TWIST_PARTITIONS;
	bool not_rdkafka = is_not_2_9(row) && row->print.versions[RZ_PRINT_OF_PRODUCE] == 9 + 1;

	if (!is_older(f) || !like_rdkafka(&row->print) ||
	    ((several || not_rdkafka) && row->told.unanswered > 7))
		return false;
	*ret = several || is_not_2_9(row) ? BEARS_HOLD : BEARS_IF_FOLLOWED;
	return true;
}

bool is_idempotent(const struct rz_print *p)
{
	return p->produces > 1 && p->idempotent && !p->batches_differ && twist != TWIST_IDEMPOTENT;
}

enum bears writer_bears(const struct rz_frame *f, const struct rz_software *s,
			const struct rz_print_row *row)
{
	unsigned major = 0, minor = 0;
	enum bears b;

	if (!s && is_told(f, row, &b))
		return b;
	if (!s && is_python_2_3(f, row))
		return BEARS_HOLD;
	if (!s && is_older(f) && like_java(&row->print))
		return BEARS_HOLD;
	if (!s)
		return f->data_version >= (twist != TWIST_KAFKA_GO_WRITES ? 8 : 9) ? BEARS_NOTHING
		       : twist == TWIST_UNNAMED_HELD				   ? BEARS_HOLD
										   : BEARS_GAP;
	if (!strcmp(s->name, "kgo"))
		return is_idempotent(&row->print) ? BEARS_HOLD : BEARS_GAP;
	if (!strcmp(s->name, "kafka-python")) {
		sscanf(s->version, "%u.%u", &major, &minor);
		return major > 2 || (major == 2 && minor >= 2) ? BEARS_HOLD : BEARS_GAP;
	}
	if (!strcmp(s->name, "sarama") || !strcmp(s->name, "apache-kafka-java"))
		return BEARS_HOLD;
	if (librdkafka(s) >= 2009)
		return BEARS_IF_FOLLOWED;
	return librdkafka(s) >= 1009 ? BEARS_HOLD : BEARS_NOTHING;
}
