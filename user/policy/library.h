/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What client libraries bear: how a connection of one had better be ended, and whether it may be
 * held before that. Pure; one table, made from measurements (docs/clients.md).
 *
 * Comes in: what a client says it is (ApiVersions v3, KIP-511), what the connection has carried,
 * whether the client is a member of a group, how many agents it may know beside this one. Goes out:
 * reset, FIN, or that it is left alone. Called by policy/classify.c.
 */
#ifndef RZ_POLICY_LIBRARY_H
#define RZ_POLICY_LIBRARY_H

#include <stdbool.h>

#include <rezone/ipc.h>

#include "policy/print.h"

struct rz_library_case {
	const struct rz_software *software; /* NULL: it does not say */
	rz_print_names prints; /* ... but it is one of these (policy/print.h); 0: any */
	bool idempotent;       /* it is a producer that is known to be idempotent */
	const struct rz_frame *frame;
	bool at_one;	 /* it writes at one agent at a time: it, or the operator, says so */
	bool grouped;	 /* a connection of the same client here carries group membership */
	unsigned others; /* ready agents, neither this one nor in the client's zone */
};

struct rz_library_way {
	enum rz_close close; /* AUTO: no way is known that it bears well */
	bool alone;	     /* it may write twice whichever way it is ended, or nobody knows */
	bool shared;	     /* a connection that carries group membership too may be ended */
	bool gap_only;	     /* never held: it may lose, or write twice, what is taken from it */
	bool needs_hold;     /* closed in a gap it stays here: a request must be taken from it */
	bool follow;	     /* alone, unless its client can be followed (move/follow.h) */
	bool together; /* its connections do not depend on one another: several may go at a time */
	bool idles;  /* it ends a connection that it does not use, and opens another one to where it
		      * was without asking; it does not miss one that it does not use now */
	bool drains; /* it reads all responses that came before an end of file, and then that */
	bool twice;  /* after its first loss it may have nobody to ask, after the second it has */
};

struct rz_library_way rz_library_way(const struct rz_library_case *c);

/* Of librdkafka, under whatever name it goes: its own release, 1000 * major + minor. 0: it is
 * another library, or nobody can tell. */
unsigned rz_library_librdkafka(const struct rz_software *s);

/* A sibling said this name, and none of `prints`, if there are any, is that library in that or an
 * older version, or in one that the table treats alike: then the connection is another one's. */
bool rz_library_contradicts(const struct rz_software *said, rz_print_names prints);

#endif
