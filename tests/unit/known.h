/* SPDX-License-Identifier: Apache-2.0 */
/* Three connections of which two are one client's, for the tests of how a library is known. */
#ifndef TESTS_UNIT_KNOWN_H
#define TESTS_UNIT_KNOWN_H

#include "world.h"
#include "kern/named.h"
#include "policy/known.h"

enum { OLD, NAMED, OTHER, N_CONNS };

enum { JAVA = 1, KGO };

struct clients {
	struct rz_snapshot snap;
	struct rz_conn conns[N_CONNS];
	struct rz_software_row softwares[2];
};

/* One connection that is older than rezone, and one of the same client that named itself. The third
 * is another client's. */
static inline void clients_make(struct clients *w)
{
	int i;

	memset(w, 0, sizeof(*w));
	for (i = 0; i < N_CONNS; i++) {
		test_conn(&w->conns[i]);
		w->conns[i].cookie += i;
	}
	w->conns[OLD].frame.adopted = 1;
	w->conns[NAMED].frame.software = JAVA;
	w->conns[OTHER].frame.client++;
	w->softwares[0] = (struct rz_software_row){JAVA, {"apache-kafka-java", "3.9.1"}};
	w->softwares[1] = (struct rz_software_row){KGO, {"kgo", "v1.22.2"}};
	w->snap.conns = w->conns;
	w->snap.n_conns = N_CONNS;
	w->snap.softwares = w->softwares;
	w->snap.n_softwares = 2;
	w->snap.now_ns = NOW_NS;
}

static inline struct rz_known known(struct clients *w, int conn)
{
	return rz_known_library(&w->snap, &w->conns[conn]);
}

static inline struct rz_known learn(struct clients *w)
{
	assert_int_equal(rz_named_learn(&w->snap), 0);
	return known(w, OLD);
}

static inline void assert_is(struct rz_known k, enum rz_known_by by, const char *name)
{
	assert_int_equal(k.by, by);
	if (name)
		assert_string_equal(k.software->name, name);
	else
		assert_null(k.software);
}

/* Are these all of the names that it may have? */
static inline bool may_be(struct rz_known k, const char *one, const char *other)
{
	bool found_one = false, found_other = !other;
	unsigned i;

	for (i = 0; i < RZ_PRINT_NAMES_MAX; i++) {
		bool is_one, is_other;

		if (!(k.prints >> i & 1))
			continue;
		is_one = !strcmp(rz_print_name(i)->name, one);
		is_other = other && !strcmp(rz_print_name(i)->name, other);
		if (!is_one && !is_other)
			return false;
		found_one |= is_one;
		found_other |= is_other;
	}
	return found_one && found_other;
}

#endif
