/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot: the pinned maps that change by themselves, read in one go and sorted.
 *
 * Comes in: the maps (kern/maps.h). Goes out: arrays of the ABI's structures, and look-ups in them.
 * Called by the commands, which need no daemon, and by the daemon's tick; the policy judges by it.
 * The tick reads connections in one pass through a fixed buffer, and its snapshot has none of them.
 */
#ifndef RZ_KERN_SNAPSHOT_H
#define RZ_KERN_SNAPSHOT_H

#include "kern/alike.h"
#include "kern/maps.h"

struct rz_client_row {
	uint64_t hash;
	struct rz_client client;
};
struct rz_move_row {
	uint64_t cookie;
	struct rz_move move;
};

struct rz_proxied_row {
	uint64_t cookie;
	struct rz_proxied proxied;
};

/* A connection's entries of maps prints and told, which tell its library besides a name. */
struct rz_print_row {
	uint64_t cookie;
	struct rz_print print;
	struct rz_told told; /* all zero if it has none */
};

struct rz_told_row {
	uint64_t cookie;
	struct rz_told told;
};

struct rz_software_row {
	uint64_t key;
	struct rz_software software;
};

struct rz_held_row {
	uint64_t cookie;
	struct rz_held held;
};

struct rz_named_row {
	struct rz_named_key key;
	struct rz_named named;
};

/* A client, a client.id at an address, of whom a connection carries group membership. */
struct rz_member {
	uint64_t client;
	uint8_t addr[16];
	uint64_t cookie; /* the connection's; 0: a peer's of a closed one */
};

/* Everything `list` and the policy look at, read in one go. Sorted by cookie or hash. */
struct rz_snapshot {
	struct rz_conn *conns; /* a pass's: none */
	size_t n_conns;
	struct rz_alikes alike; /* a pass's: all there are, alike ones once */
	size_t n_all;		/* a pass's: how many there are */
	size_t n_kept;		/* ... and how many its caller keeps, to judge them by all rules */
	struct rz_client_row *clients;
	size_t n_clients;
	uint64_t *client_hashes; /* of clients[i], to look it up by; NULL: look there */
	struct rz_move_row *moves;
	size_t n_moves;
	struct rz_proxied_row *proxied;
	size_t n_proxied;
	struct rz_print_row *prints;
	size_t n_prints;
	struct rz_told_row *told; /* also those without an entry in prints */
	size_t n_told;
	struct rz_software_row *softwares;
	size_t n_softwares;
	struct rz_held_row *held;
	size_t n_held;
	struct rz_named_row *named; /* filled by rz_named_read (kern/named.h), sorted */
	size_t n_named;
	struct rz_named_row *said; /* by connections that have closed (rz_named_closed) */
	size_t n_said;
	struct rz_member *members; /* sorted; one may stand there more than once */
	size_t n_members;
	struct rz_member *writers; /* of whom a connection has carried Produce; likewise */
	size_t n_writers;
	__u8 (*peers)[16]; /* of closed connections that began with a PROXY header */
	size_t n_peers;
	struct rz_settings
		settings; /* these three are all zero if no daemon has ever written them */
	struct rz_status status;
	struct rz_counters counters;
	struct rz_stats stats; /* added up over the CPUs */
	uint64_t now_ns;       /* CLOCK_MONOTONIC when it was read */
};

/* A time of `c` that is kept in hundredths of a second, in ns; 0 is never. Up to 10 ms early. */
static inline uint64_t rz_conn_time_ns(const struct rz_conn *c, uint32_t cs)
{
	return cs ? c->opened_ns + (cs - 1) * RZ_CS_NS : 0;
}

int rz_snapshot_read(const struct rz_maps *m, struct rz_snapshot **ret);

/*
 * The same in one pass. First all but the connections (of now_ns); then `fn` has each of these,
 * with its row in s->alike, in any order. `fn` keeps what it needs of a connection, and counts that
 * in s->n_kept. Members, writers and prints are there when the pass is over: before, nothing is
 * known of a connection's siblings; prints only if any connection was kept. `fn` returns 0 or
 * -errno, which ends it. 0 or -errno, logged.
 */
typedef int (*rz_snapshot_fn)(void *arg, const struct rz_conn *c, size_t alike);
int rz_snapshot_begin(const struct rz_maps *m, struct rz_snapshot **ret);
int rz_snapshot_pass(const struct rz_maps *m, struct rz_snapshot *s, rz_snapshot_fn fn, void *arg);

/* Only what the daemon says of itself: settings, status, counters, and the time. 0 or -errno,
 * logged. */
int rz_snapshot_read_daemon(const struct rz_maps *m, struct rz_snapshot **ret);
/* The members' client under which the peers stand of whose connections one began with a PROXY
 * header. */
#define RZ_MEMBER_PROXY (~0ULL)

static inline struct rz_member rz_member_of(const struct rz_conn *c)
{
	struct rz_member m = {.client = c->frame.client, .cookie = c->cookie};

	__builtin_memcpy(m.addr, c->tuple.client_addr, sizeof(m.addr));
	return m;
}

/* Fills members and writers of a snapshot from its conns; a part of reading one. 0 or -ENOMEM. */
int rz_snapshot_find_members(struct rz_snapshot *s);
/* The parts of it that a pass calls: for each connection, and at the end. */
int rz_snapshot_note_member(struct rz_snapshot *s, struct rz_alike *a, const struct rz_conn *c);
int rz_snapshot_note_peers(struct rz_snapshot *s);
void rz_snapshot_free(struct rz_snapshot *s); /* takes NULL */
const struct rz_conn *rz_snapshot_conn(const struct rz_snapshot *s, uint64_t cookie);
const struct rz_client *rz_snapshot_client(const struct rz_snapshot *s, uint64_t hash);
const struct rz_move *rz_snapshot_move(const struct rz_snapshot *s, uint64_t cookie);
/* Is, or was, it held (map held)? Then left and followed say more. */
bool rz_snapshot_is_held(const struct rz_snapshot *s, const struct rz_conn *c);
/* Has its client left it while it was held? */
bool rz_snapshot_left(const struct rz_snapshot *s, const struct rz_conn *c);
/* Is it held because its client is followed after a move (map follow)? */
bool rz_snapshot_followed(const struct rz_snapshot *s, const struct rz_conn *c);
/* Has another connection of the same client carried Produce, to whatever agent? */
bool rz_snapshot_other_writer(const struct rz_snapshot *s, const struct rz_conn *c);
/* Has another connection of the same peer address begun with a PROXY header? */
bool rz_snapshot_peer_proxies(const struct rz_snapshot *s, const struct rz_conn *c);

/* Does a connection of the same client (client.id at an address) carry group membership? */
bool rz_snapshot_grouped(const struct rz_snapshot *s, const struct rz_conn *c);
/* The print of the `i`th of these connections, NULL: it has none. False: there are no more. */
bool rz_snapshot_group_print(const struct rz_snapshot *s, const struct rz_conn *c, size_t i,
			     const struct rz_print_row **ret);
/* What the client said it is, on this connection; NULL: nothing, or it was not kept. */
const struct rz_software *rz_snapshot_software(const struct rz_snapshot *s,
					       const struct rz_conn *c);
/* What the form of its requests tells; NULL: nothing. */
const struct rz_print_row *rz_snapshot_print(const struct rz_snapshot *s, const struct rz_conn *c);
/* The true client of a connection that began with a PROXY header. 0, or -ENOENT if it did not, or
 * the header names none. */
int rz_snapshot_proxied(const struct rz_snapshot *s, const struct rz_conn *c,
			struct rz_endpoint *ret);

#endif
