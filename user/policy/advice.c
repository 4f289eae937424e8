// SPDX-License-Identifier: Apache-2.0
/* The rules in words, see advice.h. */
#include "policy/advice.h"

#include <stddef.h>

/* A reason without advice does not compile (-Wswitch). */
#define ADVICE(reason, rule, who, change)          \
	case RZ_REASON_##reason:                   \
		return (struct rz_advice)          \
		{                                  \
			rule, RZ_WHO_##who, change \
		}

struct rz_advice rz_advice_on(enum rz_reason reason)
{
	switch (reason) {
		ADVICE(NONE, "nothing keeps it", NOBODY, "the daemon moves it at its turn");
		ADVICE(LEFT, "its client has not left it during a hold", TIME,
		       "rezone closes the agent's socket once all responses are out");
		ADVICE(FOLLOWED, "its client is not followed after a move", TIME,
		       "rezone closes it too: its client writes here before it knows of home");
		ADVICE(MPTCP, "it is no Multipath TCP subflow", OWNER, "use plain TCP");
		ADVICE(NOT_IDENTIFIED, "its client.id has been read", TIME,
		       "the next request may tell; under TLS, or in another protocol than Kafka, "
		       "none will");
		ADVICE(SEVERAL, "all of its requests have one client.id", OWNER,
		       "give each client behind the gateway a connection of its own");
		ADVICE(NOT_OPTED_IN, "its client has opted in", OWNER,
		       "add warpstream_interzone_lb=true to the client.id, and warpstream_az=ZONE "
		       "if "
		       "it names no zone (or the operator: --opt-in zone)");
		ADVICE(EXCLUDED, "the operator has not excluded its client", OPERATOR,
		       "take it out of exclude-clients, exclude-addresses or exclude-zones");
		ADVICE(NO_ZONE, "the zone of its client is known", OWNER,
		       "add a zone tag to the client.id, as warpstream_az=ZONE");
		ADVICE(ZONE_UNKNOWN, "the topology knows that zone", OWNER,
		       "correct the zone in the client.id (or the operator: an alias in the "
		       "topology)");
		ADVICE(AMBIGUOUS, "one network namespace has the agent's address", OPERATOR,
		       "give the agents of this node addresses of their own");
		ADVICE(NOT_AN_AGENT, "its local address is an agent's", OPERATOR,
		       "name in the topology the address by which clients connect");
		ADVICE(OWN_ZONE_UNKNOWN, "the zone of its agent is known", OPERATOR,
		       "give the zone in the topology, or --zone or --node-name");
		ADVICE(SAME_ZONE, "it crosses zones", NOBODY, "it is at home");
		ADVICE(NO_AGENT_THERE, "agents in the client's zone are ready and serve it",
		       OPERATOR, "run --min-agents agents in that zone; `rezone topology`");
		ADVICE(ZONE_NOT_STABLE, "they have been ready for --stable-for", TIME, "wait");
		ADVICE(TOPOLOGY_STALE, "moves are not frozen", OPERATOR,
		       "mend the source of the topology; `rezone topology` names the fault");
		ADVICE(AGENT_TERMINATING, "its own agent is ready", TIME,
		       "the agent is going or coming");
		ADVICE(PARKED, "enough of its requests were read of late", TIME,
		       "its requests were not read while nobody would have moved it; wait until "
		       "64 have been, over 10 s");
		ADVICE(NOT_DATA, "it carries Produce or Fetch", NOBODY,
		       "coordinator and metadata connections carry little and are never moved");
		ADVICE(SHARED, "it carries no group membership that a move would disturb", OPERATOR,
		       "--shared move, after which its group may rebalance");
		ADVICE(TOO_YOUNG, "it is older than --min-age", TIME, "wait");
		ADVICE(ACKS0, "its producer asks for acknowledgements", OWNER,
		       "produce with acks=1 or acks=all (or the operator: --acks0 move)");
		ADVICE(TRANSACTIONAL, "it has begun no transaction", OWNER,
		       "let the library refresh its metadata more often");
		ADVICE(LOAD_BALANCER, "no load balancer is in front of the agent", OWNER,
		       "connect to the agents themselves");
		ADVICE(LOCAL_PROXY, "no local proxy is in front of the agent", OPERATOR,
		       "--local-proxy move, where the proxy hands resets on");
		ADVICE(NAME_NOT_KEPT, "the name of its library was kept", OPERATOR,
		       "`rezone stats`: softwares_full");
		ADVICE(LIBRARY, "a safe way to close it is known, or it comes by itself in time",
		       OWNER,
		       "let the library refresh its metadata more often, or use one that can be "
		       "moved (docs/clients.md)");
		ADVICE(MAY_COME, "its library is not about to bring it home", TIME,
		       "its library asks for metadata by itself");
		ADVICE(LEFT_BEHIND, "its client still works on it", TIME,
		       "the client left it behind after a move and works elsewhere");
		ADVICE(HOME_WAS_READY, "its client did not choose it although home was ready", TIME,
		       "wait for --home-ready-wait; where clients begin at any agent, show them "
		       "the agents of their zone");
		ADVICE(LISTENING, "its client has sent the request that is waited for", TIME,
		       "it is moved after the client's next request");
		ADVICE(COOLING_DOWN, "its client has rested since its last move", TIME, "wait");
		ADVICE(GAVE_UP, "earlier moves of its client helped", OWNER,
		       "find out why it comes back (docs/troubleshoot.md, \"Moves do not help\")");
		ADVICE(MEMORY_FULL, "there is room to remember its client", TIME, "wait");
		ADVICE(BREAKER, "the breaker is closed", OPERATOR,
		       "find out why clients come back (docs/troubleshoot.md, \"Moves do not "
		       "help\")");
		ADVICE(PAUSED, "moves are not paused", OPERATOR,
		       "`rezone resume`, or paused in the settings");
		ADVICE(OVER_BUDGET, "the node's --rate, and the turn of its client, allow a move",
		       TIME, "wait");
		ADVICE(TARGET_BUDGET, "--rate-per-target allows a move", TIME, "wait");
		ADVICE(CLUSTER_BUDGET, "--cluster-rate allows a move", TIME, "wait");
		ADVICE(OBSERVING, "rezone enforces", OPERATOR, "leave out --mode observe");
	case RZ_REASON_COUNT:
		break;
	}
	return (struct rz_advice){"?", RZ_WHO_NOBODY, "?"};
}

static const char *const whos[] = {"nobody", "time", "owner", "operator"};
_Static_assert(sizeof(whos) / sizeof(whos[0]) == RZ_WHO_COUNT, "a word for each");

const char *rz_who_name(enum rz_who who)
{
	return who < RZ_WHO_COUNT ? whos[who] : "?";
}
