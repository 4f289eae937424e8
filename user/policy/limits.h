/* SPDX-License-Identifier: Apache-2.0 */
/* What the settings say about how many moves there may be, for policy/select.h and its parts. */
#ifndef RZ_POLICY_LIMITS_H
#define RZ_POLICY_LIMITS_H

#include <stddef.h>

#include <rezone/ipc.h>

#include "policy/budget.h"

struct rz_limits {
	struct rz_rates rates;
	uint64_t per_client_ns; /* at most one move of a client in this time, */
	double client_share;	/* ... or this part of its connections, 0 to 1 (round.h) */
	uint64_t cooldown_ns;
	uint64_t cooldown_max_ns;
	unsigned give_up_after; /* futile rounds in a row; 0: never */
	uint64_t give_up_for_ns;
	uint64_t home_ready_wait_ns; /* since it was opened; 0: none */
	uint64_t listen_ns;	     /* to a connection that said nothing while its move waited */
	uint64_t outcome_ns;	     /* when the outcome of a move is judged */
	double breaker_share;	     /* 0 to 1, 0: no breaker */
	uint64_t breaker_for_ns;
	enum rz_mode mode;  /* observe: tokens are spent as if moved, but the answer is OBSERVING */
	size_t clients_max; /* that are remembered (client.h); 0: RZ_CLIENT_MAX */
};

#endif
