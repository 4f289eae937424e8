// SPDX-License-Identifier: Apache-2.0
/* When a child process is started again, see backoff.h. */
#include "base/backoff.h"

void rz_backoff_began(struct rz_backoff *b, uint64_t now_ns)
{
	b->began_ns = now_ns;
}

void rz_backoff_ended(struct rz_backoff *b, uint64_t first_ns, uint64_t now_ns)
{
	uint64_t max_ns = first_ns * RZ_BACKOFF_MAX;
	bool ran_long = b->began_ns && now_ns > b->began_ns + max_ns;

	if (ran_long || !b->wait_ns)
		b->wait_ns = first_ns;
	else
		b->wait_ns = b->wait_ns * 2 < max_ns ? b->wait_ns * 2 : max_ns;
	b->began_ns = 0;
	b->next_ns = now_ns + b->wait_ns;
}
