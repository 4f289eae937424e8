// SPDX-License-Identifier: Apache-2.0
/* user/kern/alike.c, members.c: alike connections are counted once, and what is known of siblings
 * is the same as if all were looked at. (That alike ones are judged alike: tests/model.) */
#include "world.h"

#include "kern/alike.h"

#define N_CONNS 3000

/* Clients, addresses, agents and states in all combinations, some of them often. */
static struct rz_conn conn_of(unsigned i)
{
	struct rz_conn c = {.cookie = i + 1, .netns = 1 + i % 2};

	c.frame.client = i % 5;
	c.frame.state = i % 3 ? RZ_STATE_DATA : RZ_STATE_IDENTIFIED;
	c.frame.several = i % 11 == 0;
	c.frame.tentative = i % 13 == 0;
	c.frame.software = i % 17 == 0;
	c.frame.coordinator = i % 301 == 0;
	c.frame.produce = i % 101 == 0;
	c.frame.via = i % 1009 == 0 ? RZ_VIA_PROXY : RZ_VIA_NETWORK;
	c.frame.requests = i; /* no part of the key */
	c.rx_bytes = i;
	test_ip4(c.tuple.client_addr, 10, 0, 0, (int)(i % 19));
	test_ip4(c.tuple.agent_addr, 10, 1, 0, (int)(i % 2));
	c.tuple.agent_port = i % 23 ? 9092 : 9093;
	return c;
}

static bool is_alike(const struct rz_conn *a, const struct rz_conn *b)
{
	return a->frame.client == b->frame.client && a->netns == b->netns &&
	       a->frame.software == b->frame.software && a->frame.state == b->frame.state &&
	       a->frame.several == b->frame.several && a->frame.tentative == b->frame.tentative &&
	       a->tuple.agent_port == b->tuple.agent_port &&
	       !memcmp(a->tuple.client_addr, b->tuple.client_addr, 16) &&
	       !memcmp(a->tuple.agent_addr, b->tuple.agent_addr, 16);
}

static void counted_once(void **state)
{
	static size_t row_of[N_CONNS];
	struct rz_alikes a = {};
	size_t i, k, sum = 0;

	(void)state;
	for (i = 0; i < N_CONNS; i++) {
		struct rz_conn c = conn_of((unsigned)i);

		row_of[i] = rz_alikes_see(&a, &c);
	}
	for (i = 0; i < N_CONNS; i++) {
		struct rz_conn c = conn_of((unsigned)i), row = rz_alike_conn(&a.rows[row_of[i]]);

		assert_true(is_alike(&row, &c));
		assert_int_equal(row.rx_bytes, 0);
		for (k = 0; k < i; k += 37) {
			struct rz_conn other = conn_of((unsigned)k);

			assert_int_equal(is_alike(&c, &other), row_of[i] == row_of[k]);
		}
	}
	for (i = 0; i < a.n; i++)
		sum += a.rows[i].conns;
	assert_int_equal(sum, N_CONNS);
	rz_alikes_free(&a);
}

static void siblings(void **state)
{
	static struct rz_conn conns[N_CONNS];
	struct rz_snapshot all = {.conns = conns, .n_conns = N_CONNS}, pass = {};
	size_t i, members = 0;

	(void)state;
	for (i = 0; i < N_CONNS; i++) {
		size_t row;

		conns[i] = conn_of((unsigned)i);
		row = rz_alikes_see(&pass.alike, &conns[i]);
		assert_int_equal(rz_snapshot_note_member(&pass, &pass.alike.rows[row], &conns[i]),
				 0);
	}
	assert_int_equal(rz_snapshot_note_peers(&pass), 0);
	assert_int_equal(rz_snapshot_find_members(&all), 0);
	assert_true(pass.n_members <= all.n_members);
	for (i = 0; i < N_CONNS; i++) {
		const struct rz_conn *c = &conns[i];

		assert_int_equal(rz_snapshot_grouped(&pass, c), rz_snapshot_grouped(&all, c));
		assert_int_equal(rz_snapshot_other_writer(&pass, c),
				 rz_snapshot_other_writer(&all, c));
		assert_int_equal(rz_snapshot_peer_proxies(&pass, c),
				 rz_snapshot_peer_proxies(&all, c));
		members += rz_snapshot_grouped(&all, c);
	}
	assert_true(members && members < N_CONNS);
	free(all.members);
	free(all.writers);
	free(pass.members);
	free(pass.writers);
	rz_alikes_free(&pass.alike);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counted_once),
		cmocka_unit_test(siblings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
