// SPDX-License-Identifier: Apache-2.0
/* Which libraries make requests of this form, see print.h. */
#include "policy/print.h"

enum does { READS, WRITES, WRITES_IDEMPOTENT };

#define ANY (-2) /* of a number: the library has no constant there */

/* One library, in one use. */
struct row {
	unsigned name; /* in `names` */
	enum does does;
	int leader_epoch, producer_epoch, base_sequence; /* as in struct rz_print */
	int timeout_ms;
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

static bool is(int wanted, int found)
{
	return wanted == ANY || wanted == found;
}

static bool writes_so(const struct row *r, const struct rz_print *p)
{
	if (p->produces < RZ_PRINT_LEAST || p->batches_differ || p->old_batch)
		return false;
	if (p->idempotent != (r->does == WRITES_IDEMPOTENT))
		return false;
	if (r->timeout_ms != ANY && p->timeouts_differ)
		return false;
	return is(r->timeout_ms, p->produce_timeout_ms) && is(r->leader_epoch, p->leader_epoch) &&
	       is(r->producer_epoch, p->producer_epoch) && is(r->base_sequence, p->base_sequence);
}

static bool reads_so(const struct row *r, const struct rz_print *p)
{
	if (p->fetches < RZ_PRINT_LEAST || p->fetches_differ)
		return false;
	if (r->max_wait_ms != ANY && p->waits_differ)
		return false;
	return is(r->max_wait_ms, p->fetch_max_wait_ms) && is(r->min_bytes, p->fetch_min_bytes) &&
	       is(r->max_bytes, p->fetch_max_bytes) && is(r->isolation, p->isolation) &&
	       is(r->session, p->session);
}

/* What each agent has. All numbers are versions + 1. */
static const __u8 agents_have[RZ_PRINT_APIS] = {[RZ_PRINT_OF_PRODUCE] = 9};

static bool has_version(__u8 has, __u8 sent, __u8 agent_has)
{
	if (!sent || !has)
		return true;
	if (sent == RZ_PRINT_DIFFERS || sent > has)
		return false;
	return sent == has || sent >= agent_has;
}

static bool fits(const struct row *r, const struct rz_print *p)
{
	size_t i;

	if (!(r->does == READS ? reads_so(r, p) : writes_so(r, p)))
		return false;
	for (i = 0; i < RZ_PRINT_APIS; i++)
		if (!has_version(r->versions[i], p->versions[i], agents_have[i]))
			return false;
	return true;
}

/* What a connection that does both needs as a writer counts. */
rz_print_names rz_print_match(const struct rz_print *p)
{
	bool writes = p->versions[RZ_PRINT_OF_PRODUCE];
	rz_print_names set = 0;
	size_t i;

	for (i = 0; i < N_ROWS; i++)
		if ((rows[i].does != READS) == writes && fits(&rows[i], p))
			set |= 1ULL << rows[i].name;
	return set;
}

bool rz_print_is_idempotent(const struct rz_print *p)
{
	return p && p->produces >= RZ_PRINT_LEAST && p->idempotent && !p->batches_differ;
}
