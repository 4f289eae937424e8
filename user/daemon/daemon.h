/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running daemon: what it holds, and what it does again and again; between the files of this
 * folder. life.c sets it up and tears it down, wake.c says what wakes it, status.c publishes what
 * it is; the topology's way into the maps is topology.c, the tick is tick.c, what follows from it
 * is moves.c.
 */
#ifndef RZ_DAEMON_DAEMON_H
#define RZ_DAEMON_DAEMON_H

#include <sys/types.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/loop.h"
#include "conf/conf.h"
#include "kern/census.h"
#include "kern/clients.h"
#include "kern/events.h"
#include "kern/follow.h"
#include "kern/load.h"
#include "kern/pause.h"
#include "kern/stale.h"
#include "kern/tally.h"
#include "move/catch.h"
#include "move/job.h"
#include "move/listen.h"
#include "policy/await.h"
#include "policy/ledger.h"
#include "policy/roll.h"
#include "policy/select.h"
#include "policy/tick.h"
#include "topo/place.h"
#include "topo/source.h"

struct rz_daemon {
	struct rz_conf conf;
	struct rz_conf_source *source; /* flags and file; NULL: settings never change */
	struct rz_reload *reload;      /* what is known of the file (reload.c) */
	struct rz_kern *kern;
	const struct rz_maps *maps;
	struct rz_loop *loop;
	struct rz_feed *feed;		/* the sources of the topology (topology.c) */
	enum rz_freeze attached_freeze; /* as of the latest self-check */
	char attached_why[RZ_SOURCE_NOTE];
	struct rz_topo *topo; /* NULL: none is known yet */
	struct rz_topo_zones *zones;
	struct rz_socket_place
		*places; /* where sockets are, as of the latest look; NULL before it */
	size_t n_places, n_ambiguous;
	uint64_t places_ns;
	int places_err;
	struct rz_blocks *blocks;     /* zones by address, from the settings */
	struct rz_exclude *exclude;   /* whom the operator leaves alone, likewise */
	struct rz_tags_custom custom; /* tags of the operator's own, likewise */
	struct rz_select *select;
	struct rz_await *await;
	struct rz_clients_sweep *sweep;
	struct rz_parked *parked;	 /* where parked connections are (park.c) */
	struct rz_roll *roll;		 /* what is remembered of each connection */
	struct rz_daemon_ledger *ledger; /* what connections have carried (ledger.c) */
	struct rz_settings settings;
	struct rz_status status;
	struct rz_counters counters;
	struct rz_histogram spans[RZ_SPAN_COUNT]; /* map of this name */
	struct rz_census *census;		  /* NULL: this kernel cannot */
	bool census_ran;			  /* the first one is over */
	bool census_whole;			  /* one has walked all of the node */
	struct rz_stale stale;			  /* claims on entries, as ticks have met them */
	bool uninstall;				  /* its end leaves no pin, see kern/removal.h */
	bool started;	       /* all of the start succeeded; else what it made is removed */
	bool paused;	       /* by the operator, as of the latest look */
	struct rz_pause pause; /* what that look found; all zero: nothing */
	int tick_timer, second_timer, census_timer, moves_timer, follow_timer, check_timer, lock;
	uint64_t tick_due_ns, census_due_ns; /* of these two timers */
	int bell;			     /* of orders (kern/bell.h); -1: none */
	struct rz_moves *moves;		     /* NULL: none under way */
	struct rz_listening listening;	     /* whose next request is waited for */
	struct rz_catching catching;	     /* whose next connection is waited for */
	struct rz_moved_key moved_alike;     /* what map moved does not count yet (tally.c) */
	uint64_t n_moved_alike;
	struct rz_event_ring events, verdicts; /* maps of these names */
	struct rz_left *left;		       /* NULL: no client has left while it was held */
	size_t n_left;
	struct rz_daemon_ask *ask;	 /* NULL: no agent is asked (ask.c) */
	pid_t serve_pid;		 /* of --listen (serve.c); 0: it does not run */
	struct rz_backoff serve_backoff; /* when it is started again */
	uint64_t counted_ns;		 /* when rz_daemon_count_until_now() last did */
	bool backlog;			 /* somebody waited for a rate alone at the latest tick */
	uint64_t full_logged_ns;
	uint64_t full_logged_count;
	uint64_t unshown; /* writes to map moves that failed since the log told of it (tick.c) */
	uint64_t unshown_logged_ns;
};

/* Makes its loop, with all that wakes it, and begins with the topology. 0 or -errno, logged. */
int rz_daemon_wake_start(struct rz_daemon *d);

/* d->settings, by the configuration. */
void rz_daemon_fill_settings(struct rz_daemon *d);
/* Publishes d->settings in map settings. 0 or -errno, logged. */
int rz_daemon_write_settings(const struct rz_daemon *d);
/* Erases what an earlier daemon left in its pinned map: with the lock taken it would count as this
 * one's word, and `rezone status --ready` say yes for ten seconds to a start that hangs or fails.
 */
void rz_daemon_forget_status(const char *pin_dir);
/* Publishes d->status, d->counters and d->spans in the maps of these names; the next time is a
 * second away. */
void rz_daemon_write_status(struct rz_daemon *d);
/* Tells the service manager that rezone is ready, and the mode. */
void rz_daemon_tell_manager(const struct rz_daemon *d);

/* Counts a move that ended, or one that mode observe did not begin. It stands in map moved with the
 * next rz_daemon_tally_write(): thousands of alike moves are one write. */
void rz_daemon_tally_moved(struct rz_daemon *d, enum rz_moved_result result, enum rz_close method,
			   enum rz_trigger trigger, const char *to_zone);
/* Publishes moves and spans in the maps of these names. */
void rz_daemon_tally_write(struct rz_daemon *d);
/* Adds how long something took. */
void rz_daemon_tally_span(struct rz_daemon *d, enum rz_span span, uint64_t from_ns, uint64_t to_ns);
/* Counts a connection that was opened here and carries data. False: it does not yet, ask at the
 * next tick again. */
bool rz_daemon_tally_arrival(struct rz_daemon *d, const struct rz_snapshot *snap,
			     const struct rz_conn *c, const struct rz_tick_verdict *v);

/* Publishes the settings as text, and begins to look at their file. 0 or -errno, logged. */
int rz_daemon_reload_start(struct rz_daemon *d);
void rz_daemon_reload_stop(struct rz_daemon *d);
/* Each second: reads the settings again if their file is another one and has stopped changing. True
 * if they were taken: the intervals may be others. */
bool rz_daemon_poll_settings(struct rz_daemon *d);
/* Reads the settings again now. They are taken whole or not at all; `by` says who wants it. True:
 * likewise. */
bool rz_daemon_reload(struct rz_daemon *d, const char *by);
/* Makes the pin again that `rezone config` reads, if it is gone. */
void rz_daemon_reload_pin_again(struct rz_daemon *d);
/* Must nobody be moved, by the operator or by the settings? */
static inline bool rz_daemon_is_paused(const struct rz_daemon *d)
{
	return d->paused || d->conf.paused;
}

/* What connections are judged by now. */
struct rz_world rz_daemon_world(const struct rz_daemon *d, uint64_t now_ns);

/* Begins with the sources of the topology that the settings name; before all that follows here. 0
 * or -errno, logged. */
int rz_daemon_start_topology(struct rz_daemon *d);
void rz_daemon_stop_topology(struct rz_daemon *d);

/*
 * Each second: looks at the topology file, at the clocks, and how old each source is. News goes to
 * the maps; a source that is not known to be current lets the topology age, until topology_max_age
 * freezes the moves.
 */
void rz_daemon_poll_topology(struct rz_daemon *d);
/* The rules by which zones are counted have changed: counts them anew. */
void rz_daemon_count_topology(struct rz_daemon *d);
/* Freezes the moves, or ends a freeze, by what is known now. */
void rz_daemon_judge_topology(struct rz_daemon *d);

/* Is what was attached and pinned still so? Freezes the moves while it is not, and mends it where
 * that is safe. Returns when to look again, in ns. */
uint64_t rz_daemon_selfcheck(struct rz_daemon *d);

/* How often what may change behind rezone's back is looked at: each minute, or by --reconcile. */
static inline uint64_t rz_daemon_check_ns(const struct rz_daemon *d)
{
	const uint64_t minute_ns = 60 * RZ_SECOND_NS;

	return d->conf.reconcile_ns < minute_ns ? d->conf.reconcile_ns : minute_ns;
}

/* Finds out in which network namespaces the agents are, if it has been a minute. */
void rz_daemon_place(struct rz_daemon *d, const struct rz_snapshot *snap);
/* There are connections like this; also if one is in a namespace that is not known. True: agents
 * may be elsewhere now, and what was judged is to be judged again. */
bool rz_daemon_place_see(struct rz_daemon *d, const struct rz_snapshot *snap,
			 const struct rz_alike *a);

/* One tick: read the maps, judge, begin the moves, publish. While the moves of an earlier tick are
 * under way nothing is judged. Returns when the next one is due, in ns. */
uint64_t rz_daemon_tick(struct rz_daemon *d);

/* Zones, groups or aliases are about to change: counts what connections, also parked ones, have
 * carried until now under those that hold still. A walk over all connections, so once a second at
 * most, however often they change. */
void rz_daemon_count_until_now(struct rz_daemon *d);

/* Reads all connections, in one pass of `snap` through a buffer (pass.c): what they carried is
 * counted, and those are told their verdicts whom alike ones share with them. The others are added
 * to `rows`, which are sorted then, and get theirs by rz_daemon_pass_tell(). `rows` NULL: bytes are
 * counted, and nobody is judged. 0 or -errno, logged. */
int rz_daemon_pass(struct rz_daemon *d, struct rz_snapshot *snap, struct rz_rows *rows);
void rz_daemon_pass_tell(struct rz_daemon *d, const struct rz_snapshot *snap,
			 const struct rz_rows *rows);

/* Parks whom the tick would not move as things stand, and has others read again (policy/park.h).
 * The start: 0 or -errno, logged. */
int rz_daemon_park_start(struct rz_daemon *d);
void rz_daemon_park_stop(struct rz_daemon *d);
void rz_daemon_park_begin(struct rz_daemon *d);
void rz_daemon_park(struct rz_daemon *d, const struct rz_conn *c, bool lasts, uint64_t now_ns);
void rz_daemon_park_finish(struct rz_daemon *d);
/* Has these connections of the snapshot read again, for an operator wants them moved; they alone
 * are not parked before that is over. `cookies` sorted or not; n 0: nobody is waited for. */
void rz_daemon_park_end(struct rz_daemon *d, const struct rz_snapshot *snap,
			const uint64_t *cookies, size_t n);
/* Before the snapshot: reads from their sockets what parked connections have carried, every 10 s or
 * `now`. */
void rz_daemon_park_look(struct rz_daemon *d, bool now);
/* The same between two ticks that are more than a minute (--reconcile, if shorter) apart. */
void rz_daemon_park_look_between(struct rz_daemon *d);

/* Goes on with the bytes that an earlier run has counted. 0 or -errno, logged. */
int rz_daemon_ledger_start(struct rz_daemon *d);
void rz_daemon_ledger_stop(struct rz_daemon *d);
/* Takes over the records of closed connections: before the snapshot is read that is counted. */
void rz_daemon_ledger_drain(struct rz_daemon *d);
/* A quarter of the ring of records is taken. */
int rz_daemon_ledger_wake(void *daemon);
/* Adds what was carried since the last time to the zones of now: what has closed, then each open
 * connection (its place in the roll, and what is to be added for all that are like it), then these
 * sums. `whole`: all open ones were met. */
void rz_daemon_ledger_begin(struct rz_daemon *d, struct rz_snapshot *snap);
struct rz_ledger_more rz_daemon_ledger_open(struct rz_daemon *d, const struct rz_snapshot *snap,
					    const struct rz_conn *c, uint32_t *ret_place);
void rz_daemon_ledger_add(struct rz_daemon *d, const struct rz_snapshot *snap, size_t alike,
			  struct rz_ledger_more more);
void rz_daemon_ledger_end(struct rz_daemon *d, bool whole);
/* What a connection of the snapshot has carried, and between which zones. False: it is too young,
 * or not in it. */
bool rz_daemon_ledger_carried(struct rz_daemon *d, const struct rz_snapshot *snap, uint64_t cookie,
			      struct rz_saved *ret);
/* One that carried this was moved; a connection of the snapshot was; what became of that, later. */
void rz_daemon_ledger_save(struct rz_daemon *d, uint64_t cookie, struct rz_saved *carried);
void rz_daemon_ledger_moved(struct rz_daemon *d, const struct rz_snapshot *snap, uint64_t cookie,
			    bool by_hand);
void rz_daemon_ledger_outcome(struct rz_daemon *d, uint64_t cookie, enum rz_outcome outcome);
/* From here to the latter, moves wait for each other, and many are written by one call. */
void rz_daemon_saved_gather(struct rz_daemon *d);
void rz_daemon_saved_gathered(struct rz_daemon *d);

/* Asks agents for their versions because of connections of which the tick says so. The start: 0 or
 * -errno, logged. */
int rz_daemon_ask_start(struct rz_daemon *d);
void rz_daemon_ask_stop(struct rz_daemon *d);
void rz_daemon_ask_see(struct rz_daemon *d, const struct rz_snapshot *snap,
		       const struct rz_rows *rows);

/* Begins to listen for orders. 0 or -errno, logged. */
int rz_daemon_operator_start(struct rz_daemon *d);
void rz_daemon_operator_stop(struct rz_daemon *d);
/* Each second: is it paused, and does an operator want connections moved? */
void rz_daemon_look_at_operator(struct rz_daemon *d);

/* Takes over the tick's moves that may go (and both arguments) and begins them. */
void rz_daemon_moves_begin(struct rz_daemon *d, struct rz_snapshot *snap, struct rz_tick *t);
/* Goes on with them; called by d->moves_timer. */
int rz_daemon_moves_step(void *daemon);
/* What became of a move that is over, in words. */
void rz_daemon_moves_say(const struct rz_job *j, char *dst, size_t size);
/* The topology changed: judges the moves that are under way again, and cancels those that the
 * policy no longer allows. */
void rz_daemon_moves_judge_again(struct rz_daemon *d);
/* Cancels the moves that are under way, and ends their holds. */
void rz_daemon_moves_stop(struct rz_daemon *d);

/* A tick has judged: ends the listening to connections that are no candidates any more. */
void rz_daemon_listen_judge(struct rz_daemon *d, const struct rz_rows *rows);
/* Each second: nobody is listened to while nobody may be moved, or for longer than --listen-for. */
void rz_daemon_look_at_listening(struct rz_daemon *d);
/* Ends all of it, and tells the policy. */
void rz_daemon_listen_stop(struct rz_daemon *d);

/* Is this connection's move under way? */
bool rz_daemon_moves_has(const struct rz_daemon *d, uint64_t cookie);

/* Each second: closes what clients have left while it was held, once the answers are out. */
void rz_daemon_look_at_left(struct rz_daemon *d);

/* Counts what goes wrong with rezone-enter, tells of it in events and the status; from now on. */
void rz_daemon_helper_start(struct rz_daemon *d);
void rz_daemon_helper_stop(void);

/* Each second: starts the server of --listen, if it does not run. */
void rz_daemon_look_at_server(struct rz_daemon *d);
void rz_daemon_stop_server(struct rz_daemon *d);

/* Goes on with the clients that are followed after a move; called by d->follow_timer while there
 * are any, and once to begin with. */
int rz_daemon_follow_step(void *daemon);
/* An event of the connection that this entry is bound to; the text is the caller's. */
struct rz_event rz_daemon_followed_event(const struct rz_daemon *d, enum rz_event_type type,
					 const struct rz_follow *e, const struct rz_conn *c,
					 uint64_t now_ns);
/* Tells why what was held for its client's sake goes on to the agent. */
void rz_daemon_let_through(struct rz_daemon *d, const struct rz_follow *e, const struct rz_conn *c,
			   const char *why, uint64_t now_ns);
/* The daemon ends: lets those that are followed come to their end, a few seconds. */
void rz_daemon_follow_finish(struct rz_daemon *d);

/* A move that is over may wait for its client's next connection (j->caught). */
void rz_daemon_catch_begin(struct rz_daemon *d, const struct rz_snapshot *snap,
			   const struct rz_job *j);
/* One step of a client whose next connection is waited for. `c`: the connection that BPF holds, if
 * seen->there. Returns whether it is over, and the entry is to go. */
bool rz_daemon_catch_go_on(struct rz_daemon *d, const struct rz_follow_row *r,
			   const struct rz_follow_seen *seen, const struct rz_conn *c,
			   uint64_t now_ns);
/* Each second: ends the waiting for those whom nobody would move as things stand. A write of theirs
 * that is held goes on by TCP. */
void rz_daemon_catch_judge_again(struct rz_daemon *d);
/* Nobody's next connection is waited for any more. */
void rz_daemon_catch_stop(struct rz_daemon *d);

/* Tells what the tick that just ran found out about moves, and whether the breaker is open. */
void rz_daemon_tell_outcomes(struct rz_daemon *d, const struct rz_snapshot *snap);

/* Tells who came home by itself, and who did not, of those that this tick left to their library. */
void rz_daemon_await_see(struct rz_daemon *d, const struct rz_conn *c,
			 const struct rz_tick_verdict *v);
void rz_daemon_await_tell(struct rz_daemon *d, const struct rz_snapshot *snap);

/* Finds the rings' ends. 0 or -errno, logged. */
int rz_daemon_events_start(struct rz_daemon *d);
/* An event of a connection; zones may be NULL, text and numbers are the caller's. */
struct rz_event rz_event_of(enum rz_event_type type, const struct rz_snapshot *snap,
			    uint64_t cookie, uint64_t client, const struct rz_tuple *tuple,
			    const char *from_zone, const char *to_zone);
/* Gives it number and time, and writes it; of moves and outcomes, a log line too: "move: CLIENT at
 * AGENT, zone a -> b, client.id ...: TEXT". */
void rz_daemon_tell(struct rz_daemon *d, struct rz_event *e);
/* From here to the latter many are told in a row: events, log lines and what moves have saved are
 * written some at a time (base/log.h, kern/events.h). */
void rz_daemon_tell_many(struct rz_daemon *d);
void rz_daemon_told_many(struct rz_daemon *d);
/* An event that is of no connection, and its log line; `more` are keys that a JSON line has beside
 * the event's (NULL: none), and is taken over. */
void rz_daemon_tell_all(struct rz_daemon *d, enum rz_event_type type, struct json_t *more,
			const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same of a setting: what it was and is stands in the event. */
void rz_daemon_tell_setting(struct rz_daemon *d, struct rz_event *e, struct json_t *more);
/* If its verdict is another than at the tick before. `note`: its own, in the roll. */
void rz_daemon_tell_verdict(struct rz_daemon *d, const struct rz_snapshot *snap,
			    const struct rz_conn *c, struct rz_roll_note *note,
			    const struct rz_tick_verdict *v);

#endif
