/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's first half: one connection, judged by itself. Pure: the clock is an argument.
 *
 * Comes in: a connection as the maps hold it, the topology, the settings, the time. Goes out: a
 * verdict with one reason. Called for every connection on each tick (policy/tick.c), and by
 * `rezone list`, which therefore says the same as the daemon does.
 */
#ifndef RZ_POLICY_CLASSIFY_H
#define RZ_POLICY_CLASSIFY_H

#include <stdbool.h>

#include "policy/exclude.h"
#include "policy/plan.h"
#include "policy/print.h"
#include "policy/reason.h"
#include "topo/blocks.h"
#include "topo/topo.h"

/* No hidden padding: policy/verdicts.c compares it as bytes. */
struct rz_judged_conn {
	const struct rz_conn *conn;
	const struct rz_client *client; /* NULL if map `clients` has no entry (yet) */
	const __u8 *client_addr;     /* 16 bytes, if a PROXY header names another than conn does */
	const struct rz_named *here; /* since when its client is here, ...; NULL: not known */
	const struct rz_software *software; /* its library; NULL: not known */
	rz_print_names prints;		    /* ... but it is one of these; 0: any */
	rz_print_names may_be;		    /* likewise: whose rules are asked (policy/known.h) */
	rz_print_names if_newer; /* what it may be if its agent has a newer Produce than it sends */
	struct rz_print_probe probe;
	enum rz_agent_said agent;
	enum rz_known_by known_by; /* how that is known (policy/known.h) */
	bool idempotent;	   /* it is known to be an idempotent producer's */
	bool with_id;		   /* each of its batches that was read was */
	bool probeable;		   /* a probe would tell more of its library (policy/known.h) */
	bool left;	   /* its client has closed it while it was held: it is to be closed only */
	bool followed;	   /* it is held, for its client is followed after a move */
	bool other_writer; /* another connection of the same client here writes, too */
	bool grouped;	   /* a connection of the same client here carries group membership */
	bool peer_proxies; /* another one of its peer's address began with a PROXY header */
	uint8_t pad[3];
};
_Static_assert(sizeof(struct rz_judged_conn) == 104, "rz_judged_conn has no hidden padding");

struct rz_world {
	const struct rz_topo *topo;
	const struct rz_topo_zones *zones;
	const struct rz_settings *settings;
	const struct rz_status *status; /* the topology's: frozen, when it was last proved */
	uint64_t now_ns;
	const struct rz_blocks *blocks;	  /* zones by address; may be NULL */
	const struct rz_exclude *exclude; /* whom the operator leaves alone; may be NULL */
};

struct rz_verdict {
	bool move; /* a candidate: nothing about the connection itself speaks against it */
	enum rz_reason reason; /* RZ_REASON_NONE when move */
	enum rz_locality locality;
	enum rz_kind kind;
	const char *client_zone; /* canonical, NULL if unknown; lives in the world or client */
	bool zone_by_address;	 /* it comes from a CIDR block, the client.id has none */
	const char *agent_zone;	 /* NULL if the local address is no agent's */
	const char *group;	 /* likewise */
	const struct rz_topo_zone *there; /* the client's zone, as it could use it; NULL: none */
	struct rz_plan plan;		  /* how it is closed, if it is */
	uint64_t expected_ns; /* LIBRARY, MAY_COME: until when its library is to bring it home by
			       * itself; 0: it is not left to it */
	enum rz_known_by known_by; /* how the library is known that the plan is for */
	/* Its client opened it here although its zone had been ready for stable-for. Not known, so
	 * false, of a connection or a readiness that may be older than rezone. */
	bool home_was_ready;
	/* ... but the client was here before that, has no data connection left from then, and has
	 * not asked for metadata since on any connection that was seen here: it did not choose this
	 * agent, it only reconnected, as some libraries do after each pause. False where that is
	 * not known. */
	bool reconnected;
	bool ask;   /* which versions its agent has may tell that its library bears more */
	bool lasts; /* a reason against a move that no request of it will change (policy/park.h) */
};

/* Whose its bytes are, "" where that is not known: also a zone that the topology does not know, and
 * that of a client of whom a guess is known, or that is several. They live in the world. */
struct rz_where {
	const char *group, *client_zone, *agent_zone;
};
struct rz_where rz_where_of(const struct rz_judged_conn *c, const struct rz_world *w);

/* What forbids closing this connection even where an operator asks for it by hand: NONE,
 * LEFT, FOLLOWED, NOT_IDENTIFIED, SEVERAL, PARKED, NOT_DATA, SHARED, ACKS0, TRANSACTIONAL,
 * LOCAL_PROXY, LIBRARY, MAY_COME, MPTCP. By the world's settings; of its topology only how many
 * agents the client may know. */
enum rz_reason rz_classify_by_hand(const struct rz_judged_conn *c, const struct rz_world *w);

/*
 * Rules are asked in the order of enum rz_reason (but LEFT, FOLLOWED and MPTCP first: nothing else
 * is known of such a connection) and the reason of the first that fails is returned. If that is
 * PARKED and a rule behind it fails in a way that lasts, that one's. Covered here: everything up to
 * and including RZ_REASON_MAY_COME; clients, budget, pause and mode are policy/select.h's.
 */
struct rz_verdict rz_classify(const struct rz_judged_conn *c, const struct rz_world *w);
/* Both of one that an operator wants closed: what rz_classify_by_hand() says, and, if that is NONE,
 * *ret as of rz_classify(). Their look-ups are made once. */
enum rz_reason rz_classify_order(const struct rz_judged_conn *c, const struct rz_world *w,
				 struct rz_verdict *ret);

/*
 * The same by what alike connections have in common (kern/alike.h), and by whether it is held.
 * False: that does not decide. Fills reason, lasts, locality, zones, group and there; what one
 * connection has of its own is not looked at, nor what its siblings have. Where it decides,
 * rz_classify() says the same.
 */
bool rz_classify_early(const struct rz_judged_conn *c, const struct rz_world *w,
		       struct rz_verdict *ret);

enum rz_answer {
	RZ_ANSWER_PASSED,
	RZ_ANSWER_FAILED,
	RZ_ANSWER_MOOT, /* what the rule looks at is not known, as a rule above it says */
};

struct rz_rule_answer {
	enum rz_reason reason; /* which rule */
	enum rz_answer answer;
	bool protects;	   /* a move by hand obeys it, too */
	uint64_t until_ns; /* of one that failed: when time alone will have mended it; 0: never */
	bool lasts;	   /* ... and no request of the connection will either */
};

/* What each rule says of a connection, in the order in which they are asked. The first that failed
 * is rz_classify()'s reason (if it is PARKED: the first behind it that lasts, if any); no rule
 * above it is moot. Returns how many there are. */
#define RZ_RULES_MAX 32
size_t rz_classify_rules(const struct rz_judged_conn *c, const struct rz_world *w,
			 struct rz_rule_answer ret[RZ_RULES_MAX]);

#endif
