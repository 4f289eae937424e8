/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form in which rezone-source, the network process, talks with the daemon: fixed structs, one a
 * datagram, none of them longer than RZ_REPORT_MAX. No text is parsed: a length and a kind say what
 * a datagram is, and each field has a range.
 *
 * A report is any number of RZ_REPORT_AGENTS (a new topology, if there is one), then one
 * RZ_REPORT_STATE, which counts them and says when all of it was proved. intake.h checks and takes
 * it. The daemon answers nothing; it sends descriptors, doubts, and the log level.
 *
 * A second process of this program (ask=1) asks agents for their versions: it greets, then takes
 * RZ_REPORT_ASK, each with a connection that the daemon has opened, and sends one RZ_REPORT_ANSWER
 * for each, and logs; nothing else. asking.h checks what it says.
 */
#ifndef RZ_REPORT_REPORT_H
#define RZ_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <rezone/ipc.h>

#include "base/child.h"

#define RZ_REPORT_FD	      RZ_CHILD_FD /* of the network process: its end of the socket */
#define RZ_REPORT_MAX	      32768
#define RZ_REPORT_MAGIC	      0x317a7a72 /* "rzz1": the form's first version */
#define RZ_REPORT_TARGETS_MAX 16
#define RZ_REPORT_AGENTS_ROWS 128
#define RZ_REPORT_TEXT	      1024

enum rz_report_kind {
	RZ_REPORT_NONE = 0,
	/* to the daemon */
	RZ_REPORT_HELLO,  /* the first one, and the only one that may bring a descriptor */
	RZ_REPORT_LOG,	  /* a line for the log */
	RZ_REPORT_AGENTS, /* some of the agents of a new topology */
	RZ_REPORT_STATE,  /* ends a report */
	/* from it */
	RZ_REPORT_TOKEN, /* of the API server: a descriptor, or why there is none */
	RZ_REPORT_CA,	 /* likewise its CA certificates */
	RZ_REPORT_DOUBT, /* the clock jumped: everything is to be proved anew */
	RZ_REPORT_LEVEL, /* of the log, by the settings that are in force now */
	/* of the process that asks agents */
	RZ_REPORT_ASK,	  /* to it: a connection to an agent */
	RZ_REPORT_ANSWER, /* from it: what became of that */
	RZ_REPORT_KINDS,
};

struct rz_report_head {
	__u32 magic;
	__u32 kind;
	__u32 bytes; /* of the whole datagram */
	__u32 pad;
};

/* What the network process could do to confine itself. */
#define RZ_CONFINED_MOUNTS  1 /* every file system is read-only for it */
#define RZ_CONFINED_COUNTED 2 /* calls that its seccomp list forbids come to the descriptor */
struct rz_report_hello {
	struct rz_report_head head;
	__u32 confined; /* RZ_CONFINED_ */
	__u32 pad;
};

struct rz_report_log {
	struct rz_report_head head;
	__u32 level; /* enum rz_log_level */
	__u32 pad;
	char text[RZ_REPORT_TEXT];
};

enum rz_report_node {
	RZ_REPORT_NODE_UNKNOWN = 0,
	RZ_REPORT_NODE_HERE,
	RZ_REPORT_NODE_ELSEWHERE,
	RZ_REPORT_NODES,
};

struct rz_report_agent {
	__u8 addr[16]; /* IPv4 as ::ffff:a.b.c.d */
	__u16 port;
	__u8 ready;
	__u8 node;   /* enum rz_report_node */
	__u32 pod;   /* addresses with one number are one agent */
	__u8 target; /* index of the Service or selector, which gives the group */
	__u8 pad[3];
	char zone[RZ_ZONE_SIZE]; /* "" if the API server knows none */
};

struct rz_report_agents {
	struct rz_report_head head;
	__u32 n;
	__u32 pad;
	struct rz_report_agent rows[RZ_REPORT_AGENTS_ROWS]; /* n of them are sent */
};

struct rz_report_target {
	__u64 proved_ns; /* CLOCK_MONOTONIC; 0: this process has proved nothing yet */
	__u64 newest;	 /* version of the API server's that was ever seen, 0: none */
	__u32 agents, ready, left_out;
	__u32 freeze; /* enum rz_freeze: the target's own doubt */
	char note[RZ_SOURCE_NOTE];
	char left_out_why[RZ_SOURCE_NOTE];
};

struct rz_report_state {
	struct rz_report_head head;
	__u64 sent_ns;		       /* CLOCK_MONOTONIC */
	__u32 n_agents;		       /* sent for this report */
	__u8 is_new;		       /* this report brings a topology, be it an empty one */
	__u8 known;		       /* this process has brought one, now or before */
	__u8 n_targets;		       /* as the daemon asked for */
	__u8 asks_cloud;	       /* likewise */
	__u64 learned_ns;	       /* when the cloud answered, 0: it has not */
	char own_zone[RZ_ZONE_SIZE];   /* of this node's agents, "" */
	char label_zone[RZ_ZONE_SIZE]; /* of the node object, "" */
	char cloud_zone[RZ_ZONE_SIZE], cloud_id[RZ_ZONE_SIZE];
	char cloud_note[RZ_SOURCE_NOTE];
	struct rz_report_target targets[RZ_REPORT_TARGETS_MAX];
};

struct rz_report_credential {
	struct rz_report_head head;
	__u32 error; /* errno of the daemon's open(2); 0: the datagram has the descriptor */
	__u32 pad;
};

struct rz_report_doubt {
	struct rz_report_head head;
};

struct rz_report_level {
	struct rz_report_head head;
	__u32 level; /* enum rz_log_level */
	__u32 pad;
};

#define RZ_REPORT_ASKS_MAX 16 /* of one process */
struct rz_report_ask {	      /* the datagram has the descriptor of a connection to the agent */
	struct rz_report_head head;
	__u16 number; /* below RZ_REPORT_ASKS_MAX, each once */
	__u16 pad;
};

struct rz_report_answer {
	struct rz_report_head head;
	__s32 error; /* -errno; 0: what follows is filled */
	__u16 number;
	__u16 produce_min, produce_max; /* versions that the agent says it has */
	__u16 pad;
};

_Static_assert(sizeof(struct rz_report_ask) == 20, "no hidden padding");
_Static_assert(sizeof(struct rz_report_answer) == 28, "no hidden padding");
_Static_assert(sizeof(struct rz_report_agent) == 160, "no hidden padding");
_Static_assert(sizeof(struct rz_report_agents) <= RZ_REPORT_MAX, "it fits");
_Static_assert(sizeof(struct rz_report_state) <= RZ_REPORT_MAX, "it fits");

/* A message's head; `bytes` of it are to be sent. */
struct rz_report_head rz_report_head(enum rz_report_kind kind, size_t bytes);

/* The kind of a datagram whose head is right and whose length is one that this kind may have;
 * RZ_REPORT_NONE, with a line in why, if it is none. `msg` is aligned as a struct is. */
enum rz_report_kind rz_report_kind(const void *msg, size_t len, char *why, size_t size);

/* Does a text end within its field? */
bool rz_report_ends(const char *text, size_t size);

#endif
