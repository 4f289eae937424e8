/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy, stated a second time and naively, to be compared with user/policy: from
 * docs/troubleshoot.md, "Reasons", docs/internals.md and the headers' contracts, by plain loops
 * over all that ever happened, with nothing carried from one tick to the next but the record of it.
 *
 * make.c makes worlds, conns.c connections, happen.c what happens to them; rules.c (with where.c,
 * libraries.c) judges one connection, pace.c (with rounds.c, memory.c, outcomes.c, rates.c) says
 * who goes now; invariants.c looks at the product's answers alone; main.c compares.
 *
 * A new rule of classify is one RULE and one row in rules.c, something for it to hold by in make.c,
 * and, if it protects, a line in invariants.c. One of select is a TWIST_ too.
 */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kern/snapshot.h"
#include "policy/tick.h"

#define SECOND_NS   1000000000ULL
#define MAX_AGENTS  14
#define MAX_ALIASES 4
#define MAX_CLIENTS 12
#define MAX_CONNS   48
#define MAX_TICKS   100
#define MAX_TARGETS 40
#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))

/* What became of a connection that might go. */
enum fate { STAYED, WENT, UNDONE, SILENT, LET_GO, LISTENED };

struct row { /* a candidate at a tick, or a data connection that is at home */
	uint64_t cookie, client, opened_ns, data_ns, request_ns;
	uint64_t latest_ns; /* move of its client before this tick, 0: none */
	uint8_t addr[16];
	bool home, home_was_ready, reconnected;
	int target; /* group and zone, by number in run.targets */
	long double share;
	enum rz_reason reason;
	enum fate fate;
	uint64_t at_ns; /* when it went; LISTENED: when its move began */
	bool no_token;	/* over budget: the node's rate, not for its client.id's last move */
	bool together;	/* others of its client may go at the same time */
	bool busy;	/* it goes only while it is in use */
	bool twice;	/* it goes once more if it is back */
	const struct row *forgot; /* one of a client that was forgotten to remember this one */
	unsigned who;		  /* its client, whatever it calls itself */
	const struct row *back;	  /* the open move that this connection came back from */
	unsigned copy_of;
	bool several;	  /* clients have its client.id at its address, when the tick came */
	uint64_t back_ns; /* it came back from a move that happened then, now or before; 0 */
	unsigned returns; /* ... that many in a row */
};

struct tick {		 /* as the record has it */
	uint64_t now_ns; /* never goes back */
	long double share;
	bool paused;
	/* Clients that were renamed rest under the client.id that they had: no connections, but
	 * somebody's who begins with the past of `copy_of` when the tick came */
	struct row copies[MAX_CONNS];
	size_t n_copies;
	struct row rows[MAX_CONNS];
	size_t n; /* in the order in which they were asked once pace() has seen them */
};

struct look { /* at the topology */
	uint64_t at_ns;
	struct rz_topo_agent agents[MAX_AGENTS];
	size_t n;
};

#define N_SOFTWARES 12

struct run {
	uint64_t seed, noise;
	uint64_t clock_ns; /* as the tick is told; may go back */
	/* the world */
	struct rz_topo topo;
	struct rz_topo_agent agents[MAX_AGENTS];
	struct rz_topo_alias aliases[MAX_ALIASES];
	struct look looks[MAX_TICKS + 1]; /* the latest is the topology */
	size_t n_looks;
	struct rz_topo_zones *zones; /* the product's count of it */
	struct rz_settings settings;
	struct rz_status status;
	struct rz_limits limits;
	unsigned breaker_percent;
	const char *blocks_text;
	struct rz_blocks *blocks;
	struct rz_exclude *exclude;
	struct rz_client_row clients[MAX_CLIENTS]; /* sorted by hash */
	bool unread[MAX_CLIENTS];		   /* map clients has no entry for it */
	struct rz_conn conns[MAX_CONNS];	   /* sorted by cookie */
	struct rz_proxied_row proxied[MAX_CONNS];  /* of conns[i], if its frame says proxied */
	struct rz_held_row held[MAX_CONNS];	   /* of conns[i]: its client may have left */
	struct rz_print_row prints[MAX_CONNS];	   /* of conns[i]: how its requests look */
	struct rz_named_row named[MAX_CONNS];	   /* sorted; clients that are here for a while */
	size_t n_named;
	size_t n_conns;
	struct rz_software_row softwares[N_SOFTWARES]; /* what clients may say they are */
	uint64_t last_cookie;
	bool paused;
	/* the record */
	struct tick ticks[MAX_TICKS];
	size_t n_ticks; /* the latest is the one at hand */
	struct rz_zone_key targets[MAX_TARGETS];
	size_t n_targets;
	unsigned last_who;
};

/* What one rule of the naive statement is left out or twisted, to see that it would be missed. */
enum twist {
	TWIST_NONE,
	/* rules.c: the row with this reason is left out: RZ_REASON_* + TWIST_RULE */
	TWIST_RULE,
	TWIST_FIRST_OF_PACE = TWIST_RULE + RZ_REASON_COUNT,
	TWIST_ALIASES = TWIST_FIRST_OF_PACE, /* names of zones are taken as they are */
	TWIST_SUFFIX,			     /* what a framework appended is not cut */
	TWIST_LAST,			     /* ... and is cut in the middle of an id too */
	TWIST_TAG_BEATS_ADDRESS,
	TWIST_LONGEST_BLOCK,
	TWIST_RDKAFKA_VERSION, /* a binding's own version is taken for librdkafka's */
	TWIST_UNNAMED_HELD,    /* a writer without a name may be held */
	TWIST_KAFKA_GO_WRITES, /* ... is moved if it sends Produce v8 */
	TWIST_KAFKA_GO_READS,  /* readers without a name may go together, whatever they send */
	TWIST_FINGERPRINT,     /* how the requests of an older connection look says nothing */
	TWIST_IDEMPOTENT,      /* nor does it of franz-go */
	TWIST_PROBE,	       /* nobody is held to find out its library */
	TWIST_PROBE_ONCE,      /* ... again and again */
	TWIST_PROBE_DEEP,      /* ... though requests in flight have told */
	TWIST_PROBE_MOVED,     /* ... though it may be moved as it is */
	TWIST_PROBE_HOLDS,     /* ... also where nobody is held */
	TWIST_PROBE_MODE,      /* ... or moved */
	TWIST_PARTITIONS,      /* several partitions in one request say nothing */
	TWIST_AGENT,	       /* nor do the agent's versions */
	TWIST_AGENT_FIRST,     /* who may be told by them is held all the same */
	TWIST_READER,	       /* nor how those of an older reader look */
	TWIST_KAFKAJS_GROUP,   /* nor those of kafkajs's group */
	TWIST_HEARTBEATS,      /* who has not beaten yet is no member */
	TWIST_LEADERS,	       /* who writes at one agent is one who writes at several */
	TWIST_OTHER_WRITER,    /* a client is followed though another one has its keys */
	TWIST_PODS,	       /* every address is an agent */
	TWIST_ROLES,
	TWIST_PROXY_ADDRESS,
	TWIST_STABLE_CARRIED,	  /* a zone is as old as the latest look */
	TWIST_CHOSE,		  /* who came although home was ready is moved like any other */
	TWIST_CHOSE_WAIT,	  /* ... never */
	TWIST_CHOSE_SEEN,	  /* ... waits, though nobody knows since when home was ready */
	TWIST_CHOSE_ADOPTED,	  /* ... or since when it is here */
	TWIST_CHOSE_STABLE,	  /* ... or home had just become ready */
	TWIST_CHOSE_FOLLOWS,	  /* ... or it came while its client was being moved */
	TWIST_RECONNECTED,	  /* ... or it only reconnected */
	TWIST_RECONNECTED_SINCE,  /* who was not here before home was ready reconnects, too */
	TWIST_RECONNECTED_YOUNG,  /* ... nor does who may have been, while rezone is young */
	TWIST_RECONNECTED_ASKED,  /* ... and who has asked where home is */
	TWIST_RECONNECTED_BESIDE, /* ... and who has one from then beside it */
	TWIST_RECONNECTED_READ,	  /* ... and who may have, for not all was read */
	TWIST_RECONNECTED_MOVED,  /* ... and who was moved */
	TWIST_BUSY,		  /* a library's that does not miss it goes though it is idle */
	TWIST_BUSY_OLDER,	  /* ... of an older one without a name nobody knows */
	TWIST_BUSY_KAFKA_GO,	  /* ... kafka-go's too */
	TWIST_BUSY_FOR,		  /* ... a minute after its latest request, too */
	TWIST_TWICE,		  /* who has nobody to ask rests after the first move */
	TWIST_TWICE_ANY,	  /* ... any library's reader does not */
	TWIST_TWICE_FUTILE,	  /* ... and not later either */
	TWIST_TWICE_ONCE,	  /* ... or a third time, and so on */
	TWIST_TWICE_EARLY,	  /* ... or at once */
	TWIST_LISTEN,		  /* one that is listened to is tried again */
	TWIST_LISTEN_HEARD,	  /* ... rests though its request was seen */
	TWIST_LISTEN_ENDS,	  /* ... is listened to for ever */
	TWIST_LISTEN_RESTS,	  /* ... and does not rest afterwards */
	TWIST_LISTEN_DOUBLES,	  /* ... always for the same time */
	TWIST_LISTEN_PLACE,	  /* ... and has lost its place in the queue */
	TWIST_LISTEN_RATE,	  /* ... and has used up its rate */
	TWIST_QUEUE,		  /* by cookie alone */
	TWIST_ADDRESSES,	  /* one address may go before another as often as it likes */
	TWIST_TURN_OF_ADDRESS,	  /* ... and at the next tick again */
	TWIST_TURNS_IN_ADDRESS,	  /* ... and one client there before another one */
	TWIST_RESTING_TURN,	  /* who rests takes its address's turn */
	TWIST_QUEUE_UNDO,	  /* one that did not go keeps its place */
	TWIST_LET_GO,
	TWIST_LET_GO_DOUBLES,
	TWIST_SILENT_DOUBLES,
	TWIST_OBSERVED_ONCE,
	TWIST_ONE_PER_CLIENT,
	TWIST_CLIENT_SHARE,
	TWIST_SHARE_GONE,	   /* ... of those that are still here */
	TWIST_SHARE_FUTILE,	   /* ... also of a client that moves do not help */
	TWIST_TURN_OF_ID,	   /* ... and is that of its client.id, wherever it is */
	TWIST_PER_CLIENT_ATTEMPTS, /* one that did not go does not count */
	TWIST_WHO,		   /* a client is its client.id, wherever it is */
	TWIST_ROUND_FOLLOWS,	   /* the older connections of a round wait too */
	TWIST_ROUND_AT_RESET,	   /* a round begins when it is decided */
	TWIST_COOLDOWN_DOUBLES,
	TWIST_COOLDOWN_MAX,
	TWIST_AWAY_BEATS_HOME,
	TWIST_HOME_ENDS_ROW,
	TWIST_FORGET_UNSEEN,
	TWIST_GIVE_UP,
	TWIST_GIVE_UP_ENDS,
	TWIST_UNDO_FORGETS,
	TWIST_OUTCOME_AFTER, /* judged at once */
	TWIST_STAYS,	     /* any connection that is here proves that its client stays */
	TWIST_STAYS_OPENED,  /* ... by requests later than its client's latest move, however old it
				is */
	TWIST_STAYS_SHORT,   /* ... than fifteen seconds, however early it is judged */
	TWIST_PATIENCE,	     /* one that left something behind has left when it is due */
	TWIST_IDLE_HOME,     /* at home at once, though it may be between two requests here */
	TWIST_DUE,	     /* the breaker does not know of moves whose outcome is open */
	TWIST_LEFT_BEHIND,   /* what was left behind is a candidate */
	TWIST_BEHIND_KEPT,   /* ... again once its client is forgotten */
	TWIST_RENAME,	     /* another client.id is another client */
	TWIST_RENAME_MET,    /* ... not, though the client is here under its own */
	TWIST_RENAME_HERE,   /* ... also one that was here before */
	TWIST_RENAME_WAIT,   /* ... also if nobody waits because home was ready */
	TWIST_RENAME_RESTS,  /* ... and may go at once if it comes under its own again */
	TWIST_BACK_SOON,     /* who came back, however late */
	TWIST_BACK_ONCE,     /* ... and several from one move */
	TWIST_SEVERAL,	     /* one client.id at one address is one client */
	TWIST_SEVERAL_RESTS, /* ... several, of whom nobody rests */
	TWIST_SEVERAL_NEW,   /* ... but who is known to have come back */
	TWIST_SEVERAL_DOUBLES, /* ... or not for longer each time */
	TWIST_SEVERAL_GIVE_UP,
	TWIST_SEVERAL_OUTCOME, /* ... of whom each is evidence for the other's move */
	TWIST_TOO_EARLY,       /* a round may end before it is known whether its client stays */
	TWIST_MEMORY,	       /* there is room for every client */
	TWIST_FORGET_NEWEST,   /* who was seen last is forgotten */
	TWIST_FORGET_RESTING,  /* ... though it rests */
	TWIST_FORGET_FUTILE,   /* ... though moves did not help it */
	TWIST_FORGET_SEVERAL,  /* ... though it is several */
	TWIST_FORGET_OPEN,     /* ... though a move has no outcome */
	TWIST_FORGET_YOUNG,    /* ... though nobody can tell whether it stays */
	TWIST_FORGET_TURN,     /* ... though it has had its turn */
	TWIST_FORGET_BEHIND,   /* ... though it left a connection behind */
	TWIST_BREAKER,
	TWIST_BREAKER_LEAST,
	TWIST_BREAKER_WINDOW,
	TWIST_VOTES, /* of one address more than one counts */
	TWIST_BREAKER_ENDS,
	TWIST_PAUSE,
	TWIST_NODE_RATE,
	TWIST_TARGET_RATE,
	TWIST_CLUSTER_RATE,
	TWIST_TARGET_SHARE,
	TWIST_CLUSTER_SHARE,
	TWIST_PHASE,
	TWIST_BEGINS_ANEW,
	TWIST_BACKLOG,
	TWIST_BACKLOG_OF_OTHERS, /* only a bucket that refused makes up for a slow tick */
	TWIST_GIVE_BACK,
	TWIST_PARK_REQUESTS, /* one that was parked is judged after a while, whatever was read */
	TWIST_PARK_TIME,     /* ... or when enough was read, at once */
	TWIST_PARK_NAMELESS, /* it is parked for its library, though that is not known yet */
	TWIST_PARK_HOME,     /* nobody is parked at home */
	TWIST_PARK_HIDES,    /* `parked` is told although acks=0, say, keeps it for good */
	TWIST_BACK_RESTS,    /* what was opened since a move does not rest for itself */
	TWIST_COUNT,
};
extern enum twist twist;
const char *twist_name(enum twist t); /* NULL: there is no such rule */

/* rules.c */
struct opinion {
	enum rz_reason reason; /* NONE: a candidate */
	bool home;	       /* a data connection in the client's own zone */
	bool home_was_ready;   /* when it was opened, away */
	bool reconnected;      /* ... by a client that was here before, and has not asked since */
	bool gap_only;	       /* it must not be held */
	bool probe_only;       /* it is only held for a moment, to find out its library */
	bool follow;	       /* its client must be followed after the close */
	bool together;	       /* others of its client may go at the same time */
	bool busy;	       /* its library does not miss one that it does not use */
	bool twice;	       /* its library may have nobody to ask after its first loss */
	enum rz_park park;     /* the mark that it gets */
	char client_zone[RZ_ZONE_SIZE], agent_zone[RZ_ZONE_SIZE]; /* "": not known */
	struct rz_zone_key there;
	enum rz_locality locality;
};
struct opinion judge(const struct run *r, size_t conn);

/* make.c: since when clients are here, and when they asked where things are, anew for each tick. */
void make_named(struct run *r);

/* writers.c: what a producer's library bears; `s` NULL: it does not say what it is. */
enum bears { BEARS_NOTHING, BEARS_GAP, BEARS_HOLD, BEARS_IF_FOLLOWED };
bool is_idempotent(const struct rz_print *p);
/* Its library may turn out to be one that bears more, once it is held for a moment. */
bool may_be_told(const struct rz_frame *f, const struct rz_print_row *row, bool asks);
enum bears writer_bears(const struct rz_frame *f, const struct rz_software *s,
			const struct rz_print_row *row);

/* readers.c: what a reader is by how its requests look. */
enum reads { READS_UNKNOWN, READS_KAFKAJS, READS_RDKAFKA, READS_JAVA };
/* writers.c: librdkafka's own version, 0: it is another library, or nobody can tell. */
unsigned librdkafka(const struct rz_software *s);
enum reads reader_is(const struct run *r, const struct rz_conn *c);

const struct rz_client *client_of(const struct run *r, size_t conn);
bool has_rule(enum rz_reason reason);
size_t count_agents(const struct run *r, const struct look *l, const char *group, const char *zone,
		    bool ready);
/* This node's part of all agents, and of a zone's rate. */
long double share_of_all(const struct run *r);
long double share_of_target(const struct run *r, const struct rz_zone_key *zone);

/* pace.c: fills reason of the latest tick's rows, and puts them into the order they were asked in.
 * `said` are the product's answers, by cookie: taken where a bucket is within a billionth of a
 * token, for there the two may differ by rounding. Returns how often that was. */
size_t pace(struct run *r, enum rz_reason (*said)(const void *ctx, uint64_t cookie),
	    const void *ctx);

/* Outcomes that become known at the latest tick, by kind. */
void count_outcomes(const struct run *r, size_t ret[RZ_OUTCOME_COUNT]);

/*
 * invariants.c: what must never be, whatever the rules say, from the product's answers alone. NULL,
 * or what is broken. The first looks at the latest tick, before anybody has gone; the second at all
 * that became of a run.
 */
const char *broken_promise(const struct run *r);
const char *broken_rate(const struct run *r);

/* make.c */
uint64_t noise(struct run *r);
uint32_t below(struct run *r, uint32_t n);
bool chance(struct run *r, uint32_t percent);
#define PICK(r, list) ((list)[below(r, COUNT(list))]) /* one of a list */
const char *random_zone(struct run *r);		      /* of an agent */
void make_world(struct run *r, uint64_t seed);
void free_world(struct run *r);
/* Counts the agents' zones anew; the record keeps what they are now. */
void look(struct run *r);
/* conns.c */
void ip4(uint8_t addr[16], unsigned a, unsigned b, unsigned c, unsigned d);
/* A new connection; of this client to its own zone or away, if `like` is not NULL. NULL: no room.
 */
struct rz_conn *open_conn(struct run *r, const struct rz_conn *like, bool home);
void close_conn(struct run *r, size_t i);

/* happen.c */
void time_passes(struct run *r); /* what happens until the next tick */
/* What becomes of those who may go. */
void they_go(struct run *r, struct rz_select *s, const struct rz_tick *tick);

#endif
