/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Why a connection is kept or moved.
 */
#ifndef REZONE_REASON_H
#define REZONE_REASON_H

#include <rezone/abi.h>

/*
 * Why a connection is kept or moved. In the order the policy asks, but for what was added at the
 * end: the first that holds is the reason. The same words in `rezone list`, events and docs
 * (user/policy/reason.c).
 */
enum rz_reason {
	RZ_REASON_NONE = 0, /* nothing speaks against it: move */
	RZ_REASON_LEFT, /* its client closed it while it was held: it is only closed (map held) */
	RZ_REASON_NOT_IDENTIFIED,
	RZ_REASON_SEVERAL, /* requests of more than one client.id: a gateway's connection */
	RZ_REASON_NOT_OPTED_IN,
	RZ_REASON_EXCLUDED, /* the operator named its client.id, address or zone */
	RZ_REASON_NO_ZONE,
	RZ_REASON_ZONE_UNKNOWN,
	RZ_REASON_AMBIGUOUS, /* the agent's address is in several network namespaces of the node */
	RZ_REASON_NOT_AN_AGENT, /* accepted on a Kafka port, but by none of the topology's agents */
	RZ_REASON_OWN_ZONE_UNKNOWN,
	RZ_REASON_SAME_ZONE,
	RZ_REASON_NO_AGENT_THERE,
	RZ_REASON_ZONE_NOT_STABLE,
	RZ_REASON_TOPOLOGY_STALE,
	RZ_REASON_AGENT_TERMINATING,
	RZ_REASON_NOT_DATA,
	RZ_REASON_SHARED, /* data and group membership on one connection */
	RZ_REASON_TOO_YOUNG,
	RZ_REASON_ACKS0,
	RZ_REASON_TRANSACTIONAL,
	RZ_REASON_LOAD_BALANCER,
	RZ_REASON_LOCAL_PROXY, /* it comes from the agent's own network namespace */
	RZ_REASON_MPTCP,
	RZ_REASON_NAME_NOT_KEPT, /* its library said a name that could not be kept */
	RZ_REASON_LIBRARY,	 /* no way to end it is known that its library bears well */
	RZ_REASON_MAY_COME,	 /* its library asks for metadata by itself: a while for that */
	RZ_REASON_COOLING_DOWN,
	RZ_REASON_GAVE_UP,
	RZ_REASON_BREAKER, /* too many moves were futile: nobody is moved for a while */
	RZ_REASON_PAUSED,  /* by the operator */
	RZ_REASON_OVER_BUDGET,
	RZ_REASON_TARGET_BUDGET,  /* of moves towards that zone */
	RZ_REASON_CLUSTER_BUDGET, /* this node's share of the cluster's */
	RZ_REASON_OBSERVING,
	/* New ones come last, so that the numbers stay. Asked before COOLING_DOWN: */
	RZ_REASON_LEFT_BEHIND, /* opened after a move of its client, and idle since */
	/* Asked after GAVE_UP: */
	RZ_REASON_MEMORY_FULL, /* no room to remember one client more, or its move */
	/* Asked after LEFT: */
	RZ_REASON_FOLLOWED, /* opened after a move of its client, and held for its sake (follow) */
	/* Asked after LEFT_BEHIND: */
	RZ_REASON_HOME_WAS_READY, /* opened although its zone was ready: it would come back */
	/* Asked after AGENT_TERMINATING: */
	RZ_REASON_PARKED, /* its requests were not read for a while, and too few have been since */
	/* Asked after HOME_WAS_READY: */
	RZ_REASON_LISTENING, /* no request came while its move waited: the next one is waited for */
	RZ_REASON_COUNT,
} RZ_PACKED_ENUM;

#endif
