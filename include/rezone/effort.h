/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * How often is done what costs: in the packet path nothing is free. Pure.
 *
 * Comes in: a frame, or a place in the stream. Goes out: whether it is done now.
 */
#ifndef REZONE_EFFORT_H
#define REZONE_EFFORT_H

#include <rezone/frame.h>
#include <stdbool.h>

/* Requests between two looks whether user space still has the client's id, behind the first ones.
 */
#ifdef REZONE_SHORT_ROWS /* fuzzing: streams are short */
#define RZ_LOOK_AGAIN	  16
#define RZ_REQUESTS_FIRST 2
#else
#define RZ_LOOK_AGAIN	  64
#define RZ_REQUESTS_FIRST 16
#endif

/* Does the connection's next request look whether its client.id is still kept? User space forgets
 * ids that it saw nobody use; it did not see a connection that began meanwhile, hence the first
 * ones. */
static inline bool rz_effort_looks_again_at(__u32 requests)
{
	return requests < RZ_REQUESTS_FIRST || requests % RZ_LOOK_AGAIN == 0;
}

static inline bool rz_effort_looks_again(const struct rz_frame *f)
{
	return rz_effort_looks_again_at(f->requests);
}

/*
 * Is the client.id of the next request compared with the connection's? Of all requests at first,
 * then of one in four, by a row that keeps step with nobody: a comparison of each costs a tenth of
 * all work on a small request. Of a connection that is being moved each is compared.
 */
static inline bool rz_effort_compares_id_at(__u32 requests)
{
	__u32 x = requests * 0x9e3779b1u;

	if (rz_effort_looks_again_at(requests))
		return true;
	x = (x ^ x >> 15) * 0x85ebca6bu;
	return x < 1u << 30;
}

static inline bool rz_effort_compares_id(const struct rz_frame *f)
{
	return rz_effort_compares_id_at(f->requests);
}

/* A client whose work has not begun may still come to another id in so many requests: some
 * libraries send their first ones without an id. So a connection brings no more ids than this. */
#define RZ_REQUESTS_OF_OTHER_ID 4

/* Segments in which no request was found, in a row, before the search slows down, and then between
 * two doublings of what is passed over; up to 15 segments of 16. */
#define RZ_MISSES_FREE	   64
#define RZ_MISSES_DOUBLING 16
#define RZ_MISSES_MAX	   (RZ_MISSES_FREE + 3 * RZ_MISSES_DOUBLING)

/*
 * Out of sync: is the segment at this sequence number passed over? Who never comes into sync, or
 * never sends Kafka at all, costs less and less. Which segments are passed over depends on their
 * place alone, so that nothing need be written for them.
 */
static inline bool rz_effort_backs_off(__u32 misses, __u32 seq)
{
	__u32 doublings;

#ifdef REZONE_NO_BACK_OFF /* fuzzing: misses are counted of what TCP did not take, too */
	return false;
#endif
	if (misses < RZ_MISSES_FREE)
		return false;
	doublings = (misses - RZ_MISSES_FREE) / RZ_MISSES_DOUBLING & 3;
	seq = (seq ^ seq >> 16) * 0x85ebca6bu;
	return (seq >> 28 & ((2u << doublings) - 1)) != 0;
}

#endif
