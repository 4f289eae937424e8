// SPDX-License-Identifier: Apache-2.0
/* Whether the sources can be trusted, see source.h. Pure. */
#include "topo/source.h"

#include <stdio.h>

#define SLEEP_MAX_NS 1000000000LL /* boot - mono changes by sleep alone */
#define STEP_MAX_NS  5000000000LL /* NTP steps by less in daily life */

static const char *const names[] = {"no",	  "not read yet",   "stale",	    "unreachable",
				    "unreadable", "contradiction",  "empty answer", "clock jump",
				    "detached",	  "second program", "pins lost"};
_Static_assert(sizeof(names) / sizeof(names[0]) == RZ_FREEZE_COUNT, "a word for each");

const char *rz_freeze_name(enum rz_freeze f)
{
	return f < RZ_FREEZE_COUNT ? names[f] : "?";
}

enum rz_freeze rz_sources_freeze(const struct rz_source_row *rows, size_t n, uint64_t max_age_ns,
				 uint64_t now_ns, char *why, size_t size)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct rz_source_row *r = &rows[i];

		if (r->freeze) {
			snprintf(why, size, "%s: %s%s%s", r->v.name, rz_freeze_name(r->freeze),
				 r->v.note[0] ? ": " : "", r->v.note);
			return r->freeze;
		}
		if (!r->must_be_fresh)
			continue;
		if (!r->v.proved_ns) {
			snprintf(why, size, "%s: not read yet%s%s", r->v.name,
				 r->v.note[0] ? ": " : "", r->v.note);
			return RZ_FREEZE_NEVER;
		}
		if (now_ns > r->v.proved_ns + max_age_ns) {
			snprintf(why, size, "%s: not known to be current for %.0f s%s%s", r->v.name,
				 (double)(now_ns - r->v.proved_ns) / 1e9, r->v.note[0] ? ": " : "",
				 r->v.note);
			return RZ_FREEZE_STALE;
		}
	}
	return RZ_FREEZE_NONE;
}

uint64_t rz_sources_proved_ns(const struct rz_source_row *rows, size_t n)
{
	uint64_t oldest = 0;
	bool any = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!rows[i].must_be_fresh)
			continue;
		if (!any || rows[i].v.proved_ns < oldest)
			oldest = rows[i].v.proved_ns;
		any = true;
	}
	return oldest;
}

static bool apart(uint64_t a_was, uint64_t b_was, uint64_t a, uint64_t b, int64_t max)
{
	int64_t d = (int64_t)(a - a_was) - (int64_t)(b - b_was);

	return d > max || d < -max;
}

bool rz_clocks_jumped(const struct rz_clocks *was, const struct rz_clocks *now)
{
	return apart(was->boot_ns, was->mono_ns, now->boot_ns, now->mono_ns, SLEEP_MAX_NS) ||
	       apart(was->real_ns, was->mono_ns, now->real_ns, now->mono_ns, STEP_MAX_NS);
}
