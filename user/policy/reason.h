/* SPDX-License-Identifier: Apache-2.0 */
/* The words for the enums of the ABI, as people and JSON read them. One table each. */
#ifndef RZ_POLICY_REASON_H
#define RZ_POLICY_REASON_H

#include <stdbool.h>

#include <rezone/ipc.h>

/* What a connection is used for, derived from what it carried. */
enum rz_kind {
	RZ_KIND_UNKNOWN = 0,
	RZ_KIND_DATA,	       /* Produce or Fetch */
	RZ_KIND_COORDINATOR,   /* group membership or offsets */
	RZ_KIND_SHARED,	       /* both on one connection */
	RZ_KIND_METADATA,      /* nothing but metadata and the like */
	RZ_KIND_TRANSACTIONAL, /* any transaction request seen */
	RZ_KIND_ACKS0,	       /* a producer that is not answered: what is in flight is lost */
	RZ_KIND_SASL,	       /* has not got further than authentication */
	RZ_KIND_SILENT,	       /* not one byte came since it was opened */
	RZ_KIND_COUNT,
};

enum rz_locality {
	RZ_LOCALITY_UNKNOWN = 0,
	RZ_LOCALITY_SAME,
	RZ_LOCALITY_CROSS,
	RZ_LOCALITY_COUNT
};

enum rz_kind rz_frame_kind(const struct rz_frame *f);

/*
 * Is it known who the client of a connection is? `client` is the row of map clients for its id, or
 * NULL. The policy, `rezone list` and `rezone stats` all ask here, so that they count the same.
 */
bool rz_frame_identified(const struct rz_frame *f, const struct rz_client *client);

/* Is it news that a connection has another reason now? Which of the three rates keeps a candidate
 * differs from tick to tick, by which bucket was empty first: that is none. */
bool rz_reason_is_news(enum rz_reason was, enum rz_reason now);

/* Each returns a constant word; an out-of-range value gives "?". */
const char *rz_state_name(enum rz_state s); /* new identified data tls mptcp desynced not-kafka */
const char *rz_protocol_name(enum rz_protocol p); /* unknown kafka tls http redis ssh noise */
/* unknown data coordinator shared metadata transactional acks0 sasl silent */
const char *rz_via_name(enum rz_via v);
const char *rz_kind_name(enum rz_kind k);
const char *rz_known_by_name(enum rz_known_by k);
const char *rz_locality_name(enum rz_locality l); /* unknown same cross */
const char *
rz_dialect_name(enum rz_dialect d);	    /* none warpstream automq inkless bufstream custom */
const char *rz_phase_name(enum rz_phase p); /* wait hold reset done refused */
const char *rz_outcome_name(enum rz_outcome o);	 /* unknown home returned left gone */
const char *rz_event_name(enum rz_event_type t); /* start stop verdict hold move ... */
const char *rz_mode_name(enum rz_mode m);	 /* enforce observe */
const char *rz_check_name(enum rz_check c);	 /* passed not-tracked unanswered ... */
/* The same as a sentence's end, for people: "a request that must be answered is not" */
const char *rz_check_text(enum rz_check c);
/* "not identified", "no agent there", ...; RZ_REASON_NONE is "ready to move" */
const char *rz_reason_name(enum rz_reason r);

/* The other way, for command lines; 0 or -EINVAL. */
int rz_event_parse(const char *text, enum rz_event_type *ret);
int rz_locality_parse(const char *text, enum rz_locality *ret);
extern const char *const rz_mode_words[]; /* all, in the enum's order; NULL ends them */

#endif
