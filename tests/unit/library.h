/* SPDX-License-Identifier: Apache-2.0 */
/* The libraries of a world's client (world.h): what it says it is, and how it bears a close. */
#ifndef TESTS_UNIT_LIBRARY_H
#define TESTS_UNIT_LIBRARY_H

#include "world.h"
#include "policy/library.h"

static inline void says(struct test_world *w, const char *name, const char *version)
{
	strcpy(w->software.name, name);
	strcpy(w->software.version, version);
}

static inline void produces(struct test_world *w)
{
	w->conn.frame.produce = 1;
	w->conn.frame.fetch = 0;
}

/* Neither of the client's zone. */
static inline void knows(struct test_world *w, uint32_t others)
{
	test_agent(w, AGENT_C, "c", true);
	w->rows[AGENT_C].agents = w->rows[AGENT_C].ready = others;
}

enum borne { ALONE, GAP, HOLD };

/* What a writer is that says this of itself. */
static inline enum borne bears(const char *name, const char *version)
{
	struct test_world w;
	struct rz_verdict v;

	test_world_make(&w);
	says(&w, name, version);
	produces(&w);
	v = test_classify(&w);
	if (v.reason == RZ_REASON_LIBRARY)
		return ALONE;
	assert_true(v.move);
	return v.plan.gap_only ? GAP : HOLD;
}

/* Is a reader or producer that is like this moved? */
static inline bool moved(const char *name, const char *version, uint8_t data_version, bool grouped,
			 bool produce, uint32_t others)
{
	struct test_world w;

	test_world_make(&w);
	says(&w, name, version);
	w.conn.frame.data_version = data_version;
	w.grouped = grouped;
	if (produce)
		produces(&w);
	if (others)
		knows(&w, others);
	return test_classify(&w).move;
}

#endif
