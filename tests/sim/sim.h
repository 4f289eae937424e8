/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster on one core: agents, the clients' connections, and on every node the policy's own code
 * (rz_tick_run with a rz_select of its own). Nodes share nothing but the topology. Time goes in
 * steps of a tenth of a second; the same seed gives the same run.
 *
 * cluster.c: agents, clients, what they do when a connection is lost; node.c: a node's tick;
 * scenes.c: what happens to the cluster; report.c: figures; check.c: `make sim-quick`; main.c.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/map.h"
#include "policy/tick.h"

#define SECOND_NS    1000000000ULL
#define STEP_NS	     (SECOND_NS / 10)
#define STEPS(s)     ((uint32_t)((s)*10))
#define N_ZONES	     3
#define NOBODY	     UINT32_MAX
#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))
#define START_NS     (100000 * SECOND_NS)
#define SAMPLE_EVERY 10 /* seconds */

/* How a client library behaves, docs/evidence/simulation.md has where it is from. */
struct library {
	const char *name;
	unsigned share;	    /* of all clients, in thousandths */
	unsigned conns;	    /* data connections of one client */
	unsigned refresh_s; /* asks for metadata by itself so often; 0: never */
	bool whole;	    /* one lost connection, and all of them follow the new metadata */
	unsigned returns; /* resets after which it went back to the same agent, before it looks anew
			   */
};
extern const struct library libraries[];
extern const size_t n_libraries;

struct client {
	uint32_t app;	   /* its client.id; others have the same */
	uint32_t first, n; /* connections */
	uint32_t resets;
	uint8_t library, zone;
	bool ended;
	bool idle; /* it ends its connection after each write, and opens another one to where it was
		    * for the next, asking nobody */
};

/* Map `named` of a node, as far as the policy reads it. */
struct here {
	uint64_t client; /* index */
	uint64_t since_ns, seen_ns, oldest_ns;
	UT_hash_handle hh;
};

struct conn {
	uint32_t client, agent, place; /* where in the agent's list; agent NOBODY: being opened */
	uint32_t last_agent;
	uint64_t cookie, opened_ns;
	uint32_t home_step; /* when it came home, 0: not yet */
	bool counts;	    /* was away when the scene's question was asked */
	bool moved;	    /* by us, and not opened again yet */
	bool loops;	    /* will go back to where it was, whatever it is told */
};

struct list {
	uint32_t *conns;
	size_t n, room;
};

struct agent {
	uint8_t zone;
	bool up;	  /* clients can reach it */
	bool ready;	  /* the topology says so */
	struct list away; /* connections of other zones' clients */
	struct list home;
	struct rz_select *select;
	struct here *here;
	uint32_t last_move_step, moves_in_second;
	size_t reasons[RZ_REASON_COUNT]; /* at its latest tick */
};

struct sim;

struct setup {
	char name[80];
	void (*scene)(struct sim *s, uint32_t second); /* what happens then */
	size_t agents[N_ZONES];
	size_t conns;		   /* in all */
	unsigned clients[N_ZONES]; /* thousandths of all connections whose clients are there */
	unsigned seconds;
	uint64_t interval_ns, stable_for_ns;
	struct rz_limits limits;
	bool without;	   /* no rezone */
	bool all_rows;	   /* the policy is shown those at home too; it must make no difference */
	bool back_to_same; /* who cannot reach home goes back to the agent that he came from */
	int library;	   /* all clients have this one; -1: as they are in the world */
	unsigned herd;	   /* so many connections of zone c's clients are all on the first agent */
	unsigned a_name;   /* so many of the herd's clients have one client.id */
	unsigned one_of;   /* of each library's clients, so many in a thousand loop for ever */
	unsigned leave;	   /* after a reset so many in a thousand are never seen again */
	unsigned idle; /* so many in a thousand write every 40 s, on a new connection each time */
	bool young;    /* all say that they are franz-go, and every rezone was started as the scene
			  began */
	uint64_t seed;
};

struct sample {
	uint32_t second;
	size_t newest, away, moves, futile;
};

struct sim {
	struct setup setup;
	uint64_t noise, now_ns, last_cookie;
	uint32_t step, asked_step; /* the scene's question was asked then: how long until home? */
	struct agent *agents;
	size_t n_agents;
	uint32_t *up[N_ZONES];
	size_t n_up[N_ZONES];
	uint32_t newest;
	struct client *clients;
	size_t n_clients;
	struct conn *conns;
	size_t n_conns;
	struct rz_client_row *apps;
	size_t n_apps;
	/* the topology, one for all */
	struct rz_topo topo;
	struct rz_topo_zones *zones;
	struct rz_settings settings;
	struct rz_status status;
	struct rz_conn *rows;	    /* of the node whose tick it is */
	struct rz_named_row *named; /* sorted */
	size_t room, n_named;
	/* what is to happen: a list for each step */
	uint32_t *wheel;
	struct event *events;
	uint32_t n_events, events_room, free_event;
	/* figures */
	struct sample *samples;
	size_t n_samples;
	size_t moves, futile, landed_away, ticks, judged;
	size_t outcomes[RZ_OUTCOME_COUNT];
	unsigned breakers_opened;
	size_t node_peak;		  /* moves of one node in one second */
	uint32_t *target_second[N_ZONES]; /* moves towards a zone, by second */
	uint32_t *arrivals;		  /* connections opened at the newest agent, by second */
	size_t *herd_left;		  /* by second: candidates on the first agent */
};

enum event_kind { EVENT_TICK, EVENT_REFRESH, EVENT_OPEN, EVENT_IDLE };

/* cluster.c */
uint32_t below(struct sim *s, uint32_t n);
void sim_make(struct sim *s, const struct setup *setup);
void sim_free(struct sim *s);
void agent_up(struct sim *s, uint32_t agent, bool listed);
void agent_down(struct sim *s, uint32_t agent, bool listed);
void at(struct sim *s, uint32_t step, enum event_kind kind, uint32_t who);
void happen(struct sim *s); /* all that is due at this step */
void conn_close(struct sim *s, uint32_t conn);
void conn_open(struct sim *s, uint32_t conn, uint32_t agent);
/* "How long until home" is asked from now on, of all that are away from `zone`. */
void ask(struct sim *s, uint8_t zone);

/* clients.c */
void client_refresh(struct sim *s, uint32_t client);
void client_open(struct sim *s, uint32_t conn);
void client_idle(struct sim *s, uint32_t client);
void client_lost(struct sim *s, uint32_t conn, bool by_us);
uint32_t pick_agent(struct sim *s, const struct client *c);

/* node.c */
void node_start(struct sim *s, uint32_t agent);
void node_tick(struct sim *s, uint32_t agent);
void topology_changed(struct sim *s);
void forget_here(struct agent *a);

/*
 * scenes.c. A name is a scene, and what is otherwise than it is by default: "zone/without",
 * "agent/target=5,interval=10". Exits where there is no such scene or key. Nobody else's state is
 * touched; `scale` divides agents and connections.
 */
struct setup setup_of(const char *name, unsigned scale);
void scene_run(struct sim *s, const struct setup *setup);

/* report.c */
struct figures {
	size_t counted, home;
	double median_s, p95_s, all_s;	  /* -1: not so many came home */
	double target_second, target_10s; /* most moves towards one zone, a second */
	size_t newest_most, arrivals_most;
	size_t reasons[RZ_REASON_COUNT]; /* connections, at the end */
};
struct figures figures_of(struct sim *s);
void print_head(FILE *f);
void print_row(FILE *f, struct sim *s);
void write_series(const struct sim *s, const char *folder);

/* check.c: the small form; "N passed, N failed" */
int check_all(void);

#endif
