/* SPDX-License-Identifier: Apache-2.0 */
/* topo/place: an agent is believed to be here if one network namespace has its address and port. */
#include "unit.h"

#include "base/str.h"
#include "topo/file.h"
#include "topo/place.h"

static struct rz_socket_place place(const char *ip, uint16_t port, uint32_t netns)
{
	struct rz_socket_place p = {.at.port = port, .netns = netns};

	assert_int_equal(rz_addr_parse(ip, p.at.addr), 0);
	return p;
}

static struct rz_topo *topology(void)
{
	static const char text[] = "agents:\n"
				   "  - { address: 10.0.0.1, zone: a }\n"
				   "  - { address: 10.0.0.2, zone: a }\n"
				   "  - { address: 10.0.0.3, zone: a }\n"
				   "  - { address: 10.0.0.3, port: 19092, zone: a }\n"
				   "  - { address: 'fd00::4', zone: a }\n";
	struct rz_topo *t = NULL;
	char why[256];

	assert_int_equal(rz_topo_parse(text, strlen(text), "t", &t, why, sizeof(why)), 0);
	return t;
}

static const struct rz_topo_agent *at(struct rz_topo *t, const char *ip, uint16_t port)
{
	struct rz_socket_place p = place(ip, port, 0);

	return rz_topo_agent_at(t, &p.at);
}

static bool is_believed(struct rz_topo *t, const char *ip, uint16_t port, uint32_t netns,
			bool *ret_ambiguous)
{
	struct rz_socket_place p = place(ip, port, netns);

	return rz_topo_agent_in(t, &p.at, netns, ret_ambiguous) != NULL;
}

static void test_place(void **state)
{
	struct rz_socket_place places[] = {
		place("10.0.0.3", 9092, 7),	     place("10.0.0.1", 9092, 7),
		place("10.0.0.1", 9092, 8),	     place("10.0.0.3", 9092, 7), /* twice */
		place("fd00::4", 9092, 4026531840u), place("10.0.0.9", 9092, 9),
		place("10.0.0.3", 19092, 9),
	};
	struct rz_topo *t = topology();
	size_t n = rz_places_sort(places, COUNT(places));
	bool ambiguous;

	(void)state;
	assert_int_equal(n, 6);
	/* before anybody has looked, the address is all there is */
	assert_true(is_believed(t, "10.0.0.1", 9092, 5, &ambiguous));
	assert_true(rz_topo_place(t, places, n));
	assert_false(rz_topo_place(t, places, n)); /* no change */
	assert_int_equal(at(t, "10.0.0.1", 9092)->home, RZ_HOME_AMBIGUOUS);
	assert_int_equal(at(t, "10.0.0.2", 9092)->home, RZ_HOME_NOWHERE);
	assert_int_equal(at(t, "10.0.0.3", 9092)->home, RZ_HOME_HERE);
	assert_int_equal(at(t, "10.0.0.3", 9092)->netns, 7);
	assert_int_equal(at(t, "10.0.0.3", 19092)->netns, 9); /* the port is part of it */
	assert_int_equal(at(t, "fd00::4", 9092)->netns, 4026531840u);

	assert_true(is_believed(t, "10.0.0.3", 9092, 7, &ambiguous));
	assert_false(ambiguous);
	assert_false(is_believed(t, "10.0.0.3", 9092, 8, &ambiguous));
	assert_true(ambiguous);
	assert_false(is_believed(t, "10.0.0.1", 9092, 7, &ambiguous)); /* neither of the two */
	assert_true(ambiguous);
	assert_false(is_believed(t, "10.0.0.1", 9092, 8, &ambiguous));
	assert_true(ambiguous);
	assert_false(is_believed(t, "10.0.0.9", 9092, 9, &ambiguous)); /* no agent's at all */
	assert_false(ambiguous);

	/* the second one ends: the first is believed again */
	places[0] = place("10.0.0.1", 9092, 7);
	assert_true(rz_topo_place(t, places, 1));
	assert_true(is_believed(t, "10.0.0.1", 9092, 7, &ambiguous));
	rz_topo_free(t);
}

/* What a source knows to be on another node is not here, whoever has its address. */
static void test_other_node(void **state)
{
	struct rz_socket_place here = place("10.0.0.1", 9092, 7);
	struct rz_topo *t = topology();
	bool ambiguous;

	(void)state;
	t->agents[at(t, "10.0.0.1", 9092) - t->agents].home = RZ_HOME_OTHER_NODE;
	rz_topo_place(t, &here, 1);
	assert_int_equal(at(t, "10.0.0.1", 9092)->home, RZ_HOME_OTHER_NODE);
	assert_false(is_believed(t, "10.0.0.1", 9092, 7, &ambiguous));
	assert_false(ambiguous);
	rz_topo_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_other_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
