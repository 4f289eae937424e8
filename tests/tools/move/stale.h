/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that change between decision and reset. Used by stale.c (what must become of each)
 * and stale_pair.c (both ends of them, in one process).
 */
#ifndef TESTS_MOVE_STALE_H
#define TESTS_MOVE_STALE_H

#include <stdbool.h>
#include <stdint.h>

#define STALE_PORT 9092

/* What happens to a connection after it was judged. */
enum change {
	KEPT = 0,    /* nothing: the only ones that may be reset */
	FIN_CLIENT,  /* the client closes */
	RST_CLIENT,  /* ... by a reset */
	FIN_AGENT,   /* the agent closes */
	REUSED_RST,  /* closed, and the same client opens one from the same port at once */
	REUSED_FIN,  /* likewise, closed by the agent first */
	OTHER_ID,    /* another client.id in the next request */
	SAME_LENGTH, /* ... as long as the one before, while a move waits */
	JOINS,	     /* begins a group membership */
	TRANSACTION, /* begins a transaction */
	TRANSACTED,  /* a Produce with a transactional id */
	ACKS0,	     /* a Produce with acks=0 */
	LOST,	     /* what comes is no request: out of frame */
	FORGOTTEN,   /* its entry in map conns goes away */
	IN_FLIGHT,   /* a gap is asked for, and there is none */
	UNACCEPTED,  /* no process holds it yet */
	CHANGES,
};

struct pair {
	int client, agent; /* descriptors, -1: closed */
	uint16_t port;	   /* the client's */
	uint64_t cookie;   /* of the agent's socket, as judged */
	enum change change;
	bool renewed;	 /* another connection has its port now */
	bool reset_seen; /* by the client */
};

/* A listener on 127.0.0.1:STALE_PORT, or, `aside`, on 127.0.0.2; or -errno. */
int pair_listen(bool aside);
/* Opens one from `port` and sends a Produce; UNACCEPTED aside. 0 or -errno. */
int pair_open(struct pair *p, int listener, uint16_t port);
/* Does to it what p->change says; LOST and those of map conns are the caller's. 0 or -errno. */
int pair_change(struct pair *p, int listener);
/* Has the client seen a reset? Notes it. */
void pair_look(struct pair *p);
/* Do bytes still go both ways? */
bool pair_works(struct pair *p);
/* Did the agent get a request that the client sent when it changed? Behind a reset too, for what
 * the socket had accepted can still be read. */
bool pair_change_arrived(struct pair *p);
/* Accepts what waits at the listener. */
void pair_accept(struct pair *p, int listener);
void pair_close(struct pair *p);

#endif
