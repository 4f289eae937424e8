/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which library each client has named, on any of its connections (map named).
 *
 * A client says its name once on a connection, at its beginning (ApiVersions v3, KIP-511), and some
 * libraries on their first connection alone, which they close at once. So rezone does not know the
 * name of a connection that is older than itself, or of a later one; another connection of the same
 * client may have said it. A client is a client.id at an address, in one network namespace of the
 * agents. Two connections of it that say otherwise (two versions behind one NAT, say) make the name
 * unknown.
 *
 * With the name stand since when the client has been here, and when it last asked for metadata: a
 * client that was here before its zone was ready, and has not asked since, has not learned of home
 * (policy/classify.c).
 *
 * A client's name is forgotten RZ_NAMED_KEEP_NS after the client's latest connection. Of two names
 * the older one is forgotten RZ_NAMED_KEEP_NS after the latest connection that said it, or that
 * said no name and so may be of either library.
 *
 * Comes in: the connections of a snapshot, those that have closed since the one before, and what
 * the map remembers of earlier ones. Goes out: the snapshot's `named`, and the map. Called by
 * whoever reads a snapshot and judges by it: the daemon, which also writes the map at each tick,
 * and the commands; and by policy/known.c.
 */
#ifndef RZ_KERN_NAMED_H
#define RZ_KERN_NAMED_H

#include "kern/snapshot.h"

#define RZ_NAMED_KEEP_NS (600 * 1000000000ULL)

/* Adds to s->said what a connection has said that has closed, for rz_named_learn. Where there is no
 * room for all rows, those of open connections stay. Pure. 0 or -ENOMEM. */
int rz_named_closed(struct rz_snapshot *s, const struct rz_closed *r);

/* Notes in the row of s->alike what a connection says of its client that a pass keeps. */
void rz_named_note(struct rz_alike *a, const struct rz_conn *c);

/*
 * Adds to s->named, which has what the map remembers in any order, what s->conns, s->alike and
 * s->said say, as of s->now_ns. Forgets what is too old; of one address all but the latest
 * RZ_NAMED_MAX / RZ_PEER_SHARE, of all but the latest RZ_NAMED_MAX. Pure. 0 or -ENOMEM.
 */
int rz_named_learn(struct rz_snapshot *s);

/* The same with what the map has now. If that fails, which is logged, no connection's sibling is
 * known. */
void rz_named_read(const struct rz_maps *m, struct rz_snapshot *s);

/*
 * True if the map, which has `was` of a client, need not be told `now`: nothing has changed but the
 * times at which the client or another name was last seen, and these by less than a minute. Since
 * when the client is here and when it last asked for metadata are compared with the moment at which
 * its zone was ready, and the connection that tells may be gone at the next tick, so these are
 * written as they change: once a tick for each client at most. Pure.
 */
bool rz_named_is_written(const struct rz_named *was, const struct rz_named *now);

/* Makes the map equal to s->named, but for what is written already. 0 or -errno, logged. */
int rz_named_write(const struct rz_maps *m, const struct rz_snapshot *s);

/* The library that the client of this connection has named, on whichever connection; NULL: none, or
 * more than one. */
const struct rz_software *rz_named_find(const struct rz_snapshot *s, const struct rz_conn *c);

/* What is remembered of the client of this connection; NULL: it has named no library. */
const struct rz_named *rz_named_of(const struct rz_snapshot *s, const struct rz_conn *c);

#endif
