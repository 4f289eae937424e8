/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients with many connections: how many candidates a client has that may go at a time. Pure.
 *
 * Comes in: the candidates of a tick. Goes out: the count, in each of them; round.h makes a pace of
 * it. Called by policy/tick.c.
 *
 * kafka-go has a connection for each partition, each with a goroutine of its own that asks for the
 * partition's leader anew when the connection is lost, and knows nothing of the others
 * (rz_library_way.together). One move an interval would bring 120 of them home in an hour. Counted
 * are those of one client.id at one address, for the ids of other addresses may be copied.
 */
#ifndef RZ_POLICY_PACE_H
#define RZ_POLICY_PACE_H

#include <stddef.h>

#include "policy/rows.h"

/* Fills `together` of those rows that are candidates. 0 or -ENOMEM. */
int rz_pace_count(struct rz_candidate *rows, size_t n);
/* The same of kinds, each of which stands for its rows. */
int rz_pace_count_kinds(struct rz_rows *rows);

#endif
