/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of what the daemon may ask rezone-enter for, and of what that answers: fixed structs,
 * one a datagram. Each field has a range; nothing in a request is a path, a name or a length of
 * something else than its rows.
 *
 * Comes in: a datagram. Goes out: its kind, or why it is none. Called by kern/enter.c and
 * user/enter/.
 */
#ifndef RZ_KERN_ENTER_FORM_H
#define RZ_KERN_ENTER_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/config.h>
#include <rezone/types.h>

#include "base/child.h"

#define RZ_ENTER_PROGRAM "rezone-enter"
#define RZ_ENTER_FD	 RZ_CHILD_FD	   /* of the helper: its end of the socket, */
#define RZ_ENTER_HOLD_FD (RZ_CHILD_FD + 1) /* ... and of the pipe of its keeper (enter/keep.h) */
#define RZ_ENTER_MAGIC	 0x31657a72	   /* "rze1": the form's first version */
#define RZ_ENTER_ROWS	 256		   /* sockets of a request */
#define RZ_ENTER_NETNS	 4096		   /* namespaces of an answer */
#define RZ_ENTER_LINKS	 8

enum rz_enter_kind {
	RZ_ENTER_NONE = 0,
	/* to the helper; the answer has the same kind */
	RZ_ENTER_NETLINK,  /* a netlink socket, made inside a network namespace */
	RZ_ENTER_ITERATOR, /* a pass of the iterator that comes with it over the sockets inside */
	RZ_ENTER_LIST,	   /* which network namespaces there are */
	RZ_ENTER_FIND,	   /* in which processes these sockets are open */
	RZ_ENTER_SHUT,	   /* the FIN of one connection, if it is still the one that was found */
	RZ_ENTER_RIVAL,	   /* is another rezone attached to the cgroup that comes with it? */
	/* from it, unasked */
	RZ_ENTER_HELLO, /* it is ready; may bring the listener of its seccomp list */
	RZ_ENTER_ENDED, /* the process that answers has ended; another one follows */
	RZ_ENTER_KINDS,
};

struct rz_enter_head {
	__u32 magic;
	__u32 kind;
	__u32 bytes; /* of the whole datagram */
	__u32 seq;   /* of the request; an answer repeats it. 0: nobody asked */
};

struct rz_enter_inside { /* RZ_ENTER_NETLINK, RZ_ENTER_ITERATOR */
	struct rz_enter_head head;
	__u32 netns;	/* its inode number */
	__u32 protocol; /* NETLINK_SOCK_DIAG or NETLINK_ROUTE; 0 of an iterator */
};

struct rz_enter_list {
	struct rz_enter_head head;
};

/* A connection to an agent of this node, and where it is open. */
struct rz_enter_socket {
	struct rz_tuple tuple;
	__u32 pad;
	__u64 cookie;
	__u32 pid; /* 0: not found, or not yet looked for */
	__u32 fd;
};

struct rz_enter_find {
	struct rz_enter_head head;
	__u32 netns;
	__u32 n;
	struct rz_enter_socket rows[RZ_ENTER_ROWS]; /* n of them are sent */
};

struct rz_enter_shut {
	struct rz_enter_head head;
	__u32 netns;
	__u32 pad;
	struct rz_enter_socket row;
};

struct rz_enter_rival {
	struct rz_enter_head head;
	__u32 own; /* id of the daemon's program, 0: none yet */
	__u32 n;
	__u32 links[RZ_ENTER_LINKS]; /* ids that are an earlier run's */
};

struct rz_enter_place {
	__u32 pid, fd;
};

struct rz_enter_answer {
	struct rz_enter_head head;
	__s32 error; /* 0 or -errno; a descriptor comes with RZ_ENTER_NETLINK and _ITERATOR then */
	__u32 value; /* of RZ_ENTER_RIVAL: id of the other's program, 0: none. Of RZ_ENTER_HELLO and
			RZ_ENTER_ENDED: the process */
	__u32 n;     /* rows */
	__u32 more;  /* 1: another answer to the same request follows */
	union {
		__u32 netns[RZ_ENTER_NETNS];		 /* RZ_ENTER_LIST */
		struct rz_enter_place at[RZ_ENTER_ROWS]; /* RZ_ENTER_FIND, in the request's order */
	};
};

_Static_assert(sizeof(struct rz_enter_socket) == 56, "no hidden padding");
_Static_assert(sizeof(struct rz_enter_find) <= 16384, "it fits");
_Static_assert(offsetof(struct rz_enter_answer, netns) == 32, "no hidden padding");

/* A datagram of the daemon's. The largest has most rows. */
union rz_enter_request {
	struct rz_enter_head head;
	struct rz_enter_inside inside;
	struct rz_enter_list list;
	struct rz_enter_find find;
	struct rz_enter_shut shut;
	struct rz_enter_rival rival;
};

/* The ports of agents: no socket of another one is looked for, or closed. */
struct rz_enter_ports {
	uint16_t ports[RZ_PORTS_MAX];
	size_t n;
};

/* Completes the head of a request that is to be sent; returns its length. `n`: rows of FIND. */
size_t rz_enter_form_head(union rz_enter_request *r, enum rz_enter_kind kind, uint32_t n,
			  uint32_t seq);

/* The kind of a request whose every field is one that it may have, RZ_ENTER_NONE otherwise.
 * `passed`: a descriptor came with it. `r` has room for the largest. */
enum rz_enter_kind rz_enter_form_request(const union rz_enter_request *r, size_t len, bool passed,
					 const struct rz_enter_ports *ports);

/* The length of an answer with `n` rows; 0 if there is none. */
size_t rz_enter_form_answer_bytes(enum rz_enter_kind kind, uint32_t n);

/* Is it an answer whose every field is one that it may have? */
bool rz_enter_form_answer(const struct rz_enter_answer *a, size_t len, bool passed);

#endif
