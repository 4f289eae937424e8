// SPDX-License-Identifier: Apache-2.0
/* Which libraries make requests of this form, see print.h. */
#include "policy/print.h"

#include <string.h>

enum does { READS, WRITES, WRITES_IDEMPOTENT, COORDINATES };

#define ANY (-2) /* of a number: the library has no constant there */

/* One library, in one use. */
struct row {
	unsigned name; /* in `names` */
	enum does does;
	int leader_epoch, producer_epoch, base_sequence; /* as in struct rz_print */
	int timeout_ms;
	unsigned unanswered; /* the most requests at once, by default; 0: any number */
	bool one; /* one topic and one partition in each Produce; no setting changes that */
	int max_wait_ms, min_bytes, max_bytes, isolation, session;
	__u8 versions[RZ_PRINT_APIS]; /* the newest that it has, + 1; 0: none was seen */
};

struct name {
	struct rz_software software;
	bool says;
};

#include "policy/prints.inc"

#define N_ROWS	(sizeof(rows) / sizeof(rows[0]))
#define N_NAMES (sizeof(names) / sizeof(names[0]))
_Static_assert(N_NAMES <= RZ_PRINT_NAMES_MAX, "a bit for each name");

const struct rz_software *rz_print_name(unsigned i)
{
	return i < N_NAMES ? &names[i].software : NULL;
}

bool rz_print_says_name(unsigned i)
{
	return i < N_NAMES && names[i].says;
}

rz_print_names rz_print_called(const char *name)
{
	rz_print_names set = 0;
	size_t i;

	for (i = 0; i < N_NAMES; i++)
		if (!strcmp(names[i].software.name, name))
			set |= 1ULL << i;
	return set;
}

static bool is(int wanted, int found)
{
	return wanted == ANY || wanted == found;
}

/* What it did that this library does not do. That it did not do a thing says nothing. */
static bool overdid(const struct row *r, const struct rz_print_row *of)
{
	if (r->one && of->print.several)
		return true;
	return r->unanswered && of->told.unanswered > r->unanswered;
}

static bool writes_so(const struct row *r, const struct rz_print_row *of)
{
	const struct rz_print *p = &of->print;

	if (p->produces < RZ_PRINT_LEAST || p->batches_differ || p->old_batch || overdid(r, of))
		return false;
	if (p->idempotent != (r->does == WRITES_IDEMPOTENT))
		return false;
	if (r->timeout_ms != ANY && p->timeouts_differ)
		return false;
	return is(r->timeout_ms, p->produce_timeout_ms) && is(r->leader_epoch, p->leader_epoch) &&
	       is(r->producer_epoch, p->producer_epoch) && is(r->base_sequence, p->base_sequence);
}

static bool of_a_group(const __u8 versions[RZ_PRINT_APIS])
{
	return versions[RZ_PRINT_OF_OFFSET_COMMIT] || versions[RZ_PRINT_OF_JOIN_GROUP] ||
	       versions[RZ_PRINT_OF_HEARTBEAT];
}

/* What is no setting: whether it has sessions, and whether its group has a connection of its own.
 * Of what is a setting `changed` may be others than the library's defaults. */
static bool reads_so(const struct row *r, const struct rz_print *p, int changed)
{
	if (p->fetches < RZ_PRINT_LEAST || p->fetches_differ)
		return false;
	if (r->max_wait_ms != ANY && p->waits_differ)
		return false;
	if (!is(r->session, p->session) || (of_a_group(p->versions) && !of_a_group(r->versions)))
		return false;
	return !is(r->max_wait_ms, p->fetch_max_wait_ms) + !is(r->min_bytes, p->fetch_min_bytes) +
		       !is(r->max_bytes, p->fetch_max_bytes) + !is(r->isolation, p->isolation) <=
	       changed;
}

/* What each agent has. All numbers are versions + 1. */
static const __u8 agents_have[RZ_PRINT_APIS] = {[RZ_PRINT_OF_PRODUCE] = 9};
/* What one has that has Fetch v11 (Kafka 2.3). */
static const __u8 group_agents_have[RZ_PRINT_APIS] = {
	[RZ_PRINT_OF_OFFSET_COMMIT] = 8, [RZ_PRINT_OF_JOIN_GROUP] = 6, [RZ_PRINT_OF_HEARTBEAT] = 4};

static bool has_version(__u8 has, __u8 sent, __u8 agent_has)
{
	if (!sent || !has)
		return true;
	if (sent == RZ_PRINT_DIFFERS || sent > has)
		return false;
	return sent == has || sent >= agent_has;
}

static bool has_versions(const struct row *r, const struct rz_print *p, const __u8 *agent_has)
{
	size_t i;

	for (i = 0; i < RZ_PRINT_APIS; i++)
		if (!has_version(r->versions[i], p->versions[i], agent_has[i]))
			return false;
	return true;
}

/* What a connection that does both needs as a writer counts. */
static bool fits(const struct row *r, const struct rz_print_row *of, int changed)
{
	const struct rz_print *p = &of->print;

	if (r->does == COORDINATES || (r->does != READS) != (p->versions[RZ_PRINT_OF_PRODUCE] != 0))
		return false;
	return (r->does == READS ? reads_so(r, p, changed) : writes_so(r, of)) &&
	       has_versions(r, p, agents_have);
}

static rz_print_names match(const struct rz_print_row *of, int changed)
{
	rz_print_names set = 0;
	size_t i;

	for (i = 0; i < N_ROWS; i++)
		if (fits(&rows[i], of, changed))
			set |= 1ULL << rows[i].name;
	return set;
}

rz_print_names rz_print_match(const struct rz_print_row *r)
{
	return match(r, 0);
}

rz_print_names rz_print_near(const struct rz_print_row *r)
{
	return match(r, 1);
}

/* What it may be by its form alone. */
static rz_print_names match_form(const struct rz_print_row *r)
{
	struct rz_print_row form = *r;

	form.print.several = form.told.unanswered = 0;
	return match(&form, 0);
}

bool rz_print_was_told(const struct rz_print_row *r)
{
	return r->told.probed && match(r, 0) != match_form(r);
}

bool rz_print_probe(const struct rz_print_row *r, struct rz_print_probe *ret)
{
	rz_print_names now = match(r, 0);
	struct rz_print_row then = *r;
	size_t i;

	*ret = (struct rz_print_probe){};
	for (i = 0; i < N_ROWS; i++) {
		if (rows[i].unanswered > ret->tells_from && fits(&rows[i], r, 0))
			ret->tells_from = rows[i].unanswered;
	}
	then.told.unanswered = 255;
	ret->deep = match(&then, 0);
	then = *r;
	then.print.several = 1;
	ret->several = match(&then, 0);
	return r->print.versions[RZ_PRINT_OF_PRODUCE] && r->told.probed < RZ_PRINT_PROBES &&
	       (ret->deep != now || ret->several != now);
}

bool rz_print_is_group(const struct rz_print *p)
{
	return of_a_group(p->versions) && !p->versions[RZ_PRINT_OF_FETCH] &&
	       !p->versions[RZ_PRINT_OF_PRODUCE];
}

rz_print_names rz_print_group(const struct rz_print *p)
{
	rz_print_names set = 0;
	size_t i;

	for (i = 0; i < N_ROWS; i++)
		if (rows[i].does == COORDINATES && has_versions(&rows[i], p, group_agents_have))
			set |= 1ULL << rows[i].name;
	return set;
}

bool rz_print_is_idempotent(const struct rz_print *p)
{
	return rz_print_has_id(p) && p->produces >= RZ_PRINT_LEAST;
}

bool rz_print_has_id(const struct rz_print *p)
{
	return p && p->produces && p->idempotent && !p->batches_differ;
}
