// SPDX-License-Identifier: Apache-2.0
/* Which library a connection's client is, see known.h. */
#include "policy/known.h"

#include "kern/named.h"
#include "policy/library.h"
#include "policy/offer.h"

#define FETCH_OF_KAFKA_2_3 11
/* Of a client with more group connections only so many are looked at. */
#define GROUP_CONNS	   16

/* Whose group connections they are that are seen of this client, by their versions; all: nobody can
 * tell. */
static rz_print_names by_group(const struct rz_snapshot *snap, const struct rz_conn *c)
{
	rz_print_names set = ~0ULL;
	const struct rz_print_row *r;
	size_t i;

	if (c->frame.data_version < FETCH_OF_KAFKA_2_3)
		return set;
	for (i = 0; i < GROUP_CONNS && rz_snapshot_group_print(snap, c, i, &r); i++)
		if (r && rz_print_is_group(&r->print))
			set &= rz_print_group(&r->print);
	return set;
}

static rz_print_names silent(rz_print_names set)
{
	unsigned i;

	for (i = 0; i < RZ_PRINT_NAMES_MAX; i++)
		if (set >> i & 1 && rz_print_says_name(i))
			set &= ~(1ULL << i);
	return set;
}

static void fingerprint(struct rz_known *k, rz_print_names prints, rz_print_names may_be)
{
	k->prints = prints;
	k->may_be = may_be;
	if (prints)
		k->by = RZ_KNOWN_FINGERPRINT;
}

/* One that was seen to begin without a name is none of those that say theirs. If its group's
 * connection is not like any of what its own is like, it may be any; but kafkajs, which is left
 * alone in any case, is not ruled out by that, and is known by its group's connection alone. */
static void reader(struct rz_known *k, const struct rz_snapshot *snap, const struct rz_conn *c,
		   const struct rz_print_row *r)
{
	rz_print_names prints = rz_print_match(r), group = by_group(snap, c);
	rz_print_names kafkajs = rz_print_called("kafkajs");

	if (!c->frame.adopted)
		prints = silent(prints);
	if (prints & group)
		fingerprint(k, prints & group, rz_print_near(r));
	else
		fingerprint(k, 0, (prints | ((group & ~kafkajs) ? 0 : group)) & kafkajs);
}

/* A writer that has Produce v8 has asked for the agent's versions, and a library that says its name
 * on each connection says it there. */
#define PRODUCE_OF_KAFKA_2_4 8

/* One that was seen to begin without a name is of a library that says none on this connection, or
 * none that is known here. */
static void writer(struct rz_known *k, const struct rz_conn *c, const struct rz_print_row *r)
{
	rz_print_names prints = rz_offer_known(rz_print_match(r), r);

	if (!c->frame.adopted && c->frame.data_version >= PRODUCE_OF_KAFKA_2_4)
		prints = silent(prints);
	if (c->frame.adopted || silent(prints) == prints)
		fingerprint(k, prints, prints);
	if (!c->frame.adopted || !prints)
		return;
	if (rz_print_was_told(r))
		k->by = RZ_KNOWN_PROBE;
	k->if_newer = rz_offer_if_newer(prints, r);
	k->agent = !r->told.agent_has			    ? RZ_AGENT_UNASKED
		   : r->told.agent_has == RZ_TOLD_NO_ANSWER ? RZ_AGENT_SILENT
							    : RZ_AGENT_ANSWERED;
	k->probeable = prints & (prints - 1) && rz_print_probe(r, &k->probe);
	k->probe.deep = rz_offer_known(k->probe.deep, r);
	k->probe.several = rz_offer_known(k->probe.several, r);
}

/* A sibling's word is asked of one whose beginning was not seen; and of a writer that was seen to
 * begin without a name, if the form of its requests is that of the library that the sibling named:
 * franz-go 1.15 asks for an agent's versions, and so says its name, on its first connection to it
 * alone, kafka-python 2.3 on its very first one, which it closes at once. */
static const struct rz_software *sibling_of(const struct rz_snapshot *snap, const struct rz_conn *c,
					    rz_print_names prints)
{
	const struct rz_software *said = rz_named_find(snap, c);

	if (c->frame.adopted || !said)
		return said;
	return c->frame.produce && prints && !rz_library_contradicts(said, prints) ? said : NULL;
}

static void by_others(struct rz_known *k, const struct rz_snapshot *snap, const struct rz_conn *c,
		      const struct rz_print_row *r)
{
	rz_print_names prints = r ? rz_print_match(r) : 0;
	bool sent_produce = r && r->print.versions[RZ_PRINT_OF_PRODUCE];
	const struct rz_software *sibling = sibling_of(snap, c, prints);

	if (sibling) {
		if (rz_library_contradicts(sibling, prints))
			return;
		k->software = sibling;
		k->by = RZ_KNOWN_SIBLING;
	} else if (sent_produce && c->frame.produce) {
		writer(k, c, r);
	} else if (r && !sent_produce && !c->frame.produce) {
		reader(k, snap, c, r);
	}
}

struct rz_known rz_known_library(const struct rz_snapshot *snap, const struct rz_conn *c)
{
	const struct rz_print_row *r = rz_snapshot_print(snap, c);
	const struct rz_print *p = r ? &r->print : NULL;
	struct rz_known k = {.idempotent = rz_print_is_idempotent(p),
			     .with_id = rz_print_has_id(p)};

	/* what it said and could not be kept is not guessed: it may be any library */
	if (c->frame.software) {
		k.software = rz_snapshot_software(snap, c);
		k.by = k.software ? RZ_KNOWN_SAID : RZ_KNOWN_UNKNOWN;
	} else if (!c->frame.tentative && !c->frame.several) {
		by_others(&k, snap, c, r);
	}
	return k;
}
