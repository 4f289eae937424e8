// SPDX-License-Identifier: Apache-2.0
/* What the agent's own versions rule out, see offer.h. */
#include "policy/offer.h"

#include <limits.h>

#include "policy/library.h"

/* From which release of librdkafka on (1000 * major + minor) this is its newest Produce. Of older
 * ones nothing is claimed. */
static const struct {
	unsigned from, produce;
} releases[] = {{2004, 8}, {2005, 10}};
#define N_RELEASES (sizeof(releases) / sizeof(releases[0]))

/* The next older release of librdkafka that has a name, 0: none. */
static unsigned older(unsigned release)
{
	const struct rz_software *s;
	unsigned i, before = 0;

	for (i = 0; (s = rz_print_name(i)); i++) {
		unsigned r = rz_library_librdkafka(s);

		if (r < release && r > before)
			before = r;
	}
	return before;
}

static bool newest(unsigned release)
{
	const struct rz_software *s;
	unsigned i;

	for (i = 0; (s = rz_print_name(i)); i++)
		if (rz_library_librdkafka(s) > release)
			return false;
	return true;
}

/* May one of the releases after `from`, up to `to`, send this? */
static bool may_send(unsigned from, unsigned to, unsigned sent, unsigned has)
{
	size_t i;

	if (from < releases[0].from - 1)
		return true;
	for (i = 0; i < N_RELEASES; i++) {
		unsigned end = i + 1 < N_RELEASES ? releases[i + 1].from : UINT_MAX;
		unsigned produce = releases[i].produce;

		if (releases[i].from <= to && end > from + 1 &&
		    (produce < has ? produce : has) == sent)
			return true;
	}
	return false;
}

rz_print_names rz_offer_narrow(rz_print_names names, unsigned sent, unsigned has)
{
	rz_print_names set = names;
	unsigned i;

	for (i = 0; i < RZ_PRINT_NAMES_MAX; i++) {
		unsigned release;

		if (!(names >> i & 1))
			continue;
		release = rz_library_librdkafka(rz_print_name(i));
		if (release &&
		    !may_send(older(release), newest(release) ? UINT_MAX : release, sent, has))
			set &= ~(1ULL << i);
	}
	return set;
}

/* What was sent, + 1; 0: no Produce, or two versions. */
static unsigned sent(const struct rz_print *p)
{
	__u8 v = p->versions[RZ_PRINT_OF_PRODUCE];

	return v == RZ_PRINT_DIFFERS ? 0 : v;
}

rz_print_names rz_offer_known(rz_print_names names, const struct rz_print_row *r)
{
	unsigned was_sent = sent(&r->print), has = r->told.agent_has;

	/* an agent that has not what it was sent is not the one that answered */
	if (!was_sent || has == RZ_TOLD_NO_ANSWER || has < was_sent)
		return names;
	return rz_offer_narrow(names, was_sent - 1, has - 1);
}

rz_print_names rz_offer_if_newer(rz_print_names names, const struct rz_print_row *r)
{
	unsigned was_sent = sent(&r->print);

	return was_sent ? rz_offer_narrow(names, was_sent - 1, was_sent) : names;
}
