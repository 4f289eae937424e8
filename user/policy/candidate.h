/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection that the policy would move, from classify's verdict through select's answer to the
 * job that moves it (move/job.h embeds it by value).
 */
#ifndef RZ_POLICY_CANDIDATE_H
#define RZ_POLICY_CANDIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/budget.h"
#include "policy/plan.h"

struct rz_candidate {
	uint64_t cookie;
	uint64_t client;   /* hash of the client.id: must still be the connection's at the close */
	uint32_t netns;	   /* of the agent's socket */
	uint32_t software; /* key into map softwares; 0: its client has said nothing on it */
	struct rz_tuple tuple;
	uint8_t addr[16];	 /* the client's address */
	uint64_t opened_ns;	 /* of the connection */
	uint64_t data_ns;	 /* its latest Produce or Fetch; may be up to 10 ms early */
	uint64_t request_ns;	 /* its latest request of any kind; 0: none was read */
	struct rz_target target; /* where it would go */
	struct rz_plan plan;
	enum rz_known_by known_by;	 /* the library that the plan is for */
	const char *from_zone, *to_zone; /* live in the topology or the snapshot; "": not known */
	bool home_was_ready;		 /* when its client opened it here */
	bool reconnected;		 /* ... and had been here before (classify.h) */
	bool same_zone;	   /* not a candidate: told only to end a row of futile rounds */
	bool witness;	   /* neither: the policy keeps it (its client did not opt in, ...), told
			    * only to find out what became of a move by hand */
	bool by_hand;	   /* of a move: an operator's */
	unsigned together; /* candidates of its client that may go at a time (pace.h) */
	enum rz_reason reason; /* out: RZ_REASON_NONE is "go", else why it waits */
};

#endif
