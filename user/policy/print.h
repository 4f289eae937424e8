/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which libraries make requests of this form: the third rung of policy/known.h.
 *
 * A print is what the BPF programs noted of a connection's requests (include/rezone/print.h), and
 * what a move saw of them. The table prints.inc has those of real libraries, made by `make
 * fingerprints`. A print fits a row of it if nothing in it says otherwise. What an operator may set
 * (the limits of a fetch, timeouts) must be as the library has it by default. Several rows may fit;
 * then it is one of these, and the strictest rule among them applies.
 *
 * What a library writes into the header of a batch is no setting, and of most producers that alone
 * tells the library. Only Java and kafka-go are told apart by the timeout: one of these with the
 * other's timeout has the other's name. Each of them sends again by itself what is taken from it,
 * so the other's rule does it no harm. aiokafka and franz-go (idempotent: and Java) fill a batch
 * alike, too, but aiokafka's Produce is older than any that the others send; with another timeout
 * than its own it has no name.
 *
 * Two things rule a producer's library out once they were seen, and say nothing until then: a
 * Produce with several topics or partitions (librdkafka makes one for each), and more unanswered
 * requests at once than the library allows by default (tests/prints/table.py has the sources). BPF
 * never counts more than the client has, for it sees a response before the client does. That number
 * is a setting; public programs on kafka-python have 1, or its default, 5.
 *
 * Versions. A client sends the smaller one of what it and the agent have. So a version fits a row
 * that has the same or a newer one. Each agent is taken to have Produce v8 (Kafka 2.4), as
 * policy/library.c does: a client that sends an older one has none newer. What other clients send
 * to the agent says nothing of it, for they may send what it does not have.
 *
 * Readers. What tells most of them apart are settings. So the rule of a reader is asked of all
 * libraries that it may be if one of its settings is not the default: rz_print_near(). kafkajs
 * differs from each other library in two settings, or in what is none (a session, Fetch v12). And
 * the connection of its group, where that is seen, tells it from all others: it alone commits with
 * OffsetCommit v5.
 *
 * Comes in: a print. Goes out: a set of names. Pure. Called by policy/known.c.
 */
#ifndef RZ_POLICY_PRINT_H
#define RZ_POLICY_PRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "kern/snapshot.h"

/* Bit i: the library may be rz_print_name(i). */
typedef __u64 rz_print_names;
#define RZ_PRINT_NAMES_MAX 64

/* So many requests must have looked the same before anything is concluded. */
#define RZ_PRINT_LEAST 2

/* Returns 0 if no row fits. */
rz_print_names rz_print_match(const struct rz_print_row *r);

/* Of a reader: likewise, if one of its settings may be another than the library's default. */
rz_print_names rz_print_near(const struct rz_print_row *r);

/* Is it a connection that carries group requests, and no data? */
bool rz_print_is_group(const struct rz_print *p);

/* Whose it may be by its versions, at an agent that has Fetch v11. Returns 0 if no row fits. */
rz_print_names rz_print_group(const struct rz_print *p);

/* A producer is probed so often at most: by its own refresh it comes home, too. */
#define RZ_PRINT_PROBES 1

/* Of a producer that may be one of several libraries: what a probe may leave of them (move/wait.h).
 */
struct rz_print_probe {
	unsigned tells_from; /* more unanswered requests at once than this rule libraries out */
	unsigned pad;
	rz_print_names deep;	/* what it may be then; 0: none */
	rz_print_names several; /* ... if it sends several topics or partitions in one Produce */
};

/* Returns whether it would tell anything, and was not tried yet. */
bool rz_print_probe(const struct rz_print_row *r, struct rz_print_probe *ret);

/* Has what a probe told left fewer libraries than the form of the requests alone? */
bool rz_print_was_told(const struct rz_print_row *r);

/* Has the agent said which versions it has, when it was asked because of this connection? */
enum rz_agent_said {
	RZ_AGENT_UNASKED = 0,
	RZ_AGENT_SILENT, /* it did not say */
	RZ_AGENT_ANSWERED,
};

/* A library, by the name that it says, or that is given to one that says none. NULL: there is no
 * such name. */
const struct rz_software *rz_print_name(unsigned i);

/* All versions of the library with this name. */
rz_print_names rz_print_called(const char *name);

/* Does it say its name on each connection, where it can? */
bool rz_print_says_name(unsigned i);

/* Is it known that this producer is idempotent: that it has sent nothing but batches with a
 * producer id? */
bool rz_print_is_idempotent(const struct rz_print *p);
/* The same of however many batches, at least one. */
bool rz_print_has_id(const struct rz_print *p);

#endif
