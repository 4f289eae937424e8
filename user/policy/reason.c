// SPDX-License-Identifier: Apache-2.0
/* The words of the enums, see reason.h. */
#include "policy/reason.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define COUNT(table)	    (sizeof(table) / sizeof((table)[0]))
#define SAME_SIZE(table, n) _Static_assert(COUNT(table) == (n), #table " has a word for each value")

static const char *const states[] = {"new",   "identified", "data",	"tls",
				     "mptcp", "desynced",   "not-kafka"};
SAME_SIZE(states, RZ_STATE_COUNT);
static const char *const protocols[] = {"unknown", "kafka", "tls", "http", "redis", "ssh", "noise"};
SAME_SIZE(protocols, RZ_PROTOCOL_COUNT);
static const char *const vias[] = {"network", "proxy", "local"};
SAME_SIZE(vias, RZ_VIA_COUNT);
static const char *const kinds[] = {"unknown",	     "data",  "coordinator", "shared", "metadata",
				    "transactional", "acks0", "sasl",	     "silent"};
SAME_SIZE(kinds, RZ_KIND_COUNT);
static const char *const known_bys[] = {"unknown", "said", "sibling", "fingerprint", "probe"};
SAME_SIZE(known_bys, RZ_KNOWN_COUNT);
static const char *const localities[] = {"unknown", "same", "cross"};
SAME_SIZE(localities, RZ_LOCALITY_COUNT);
static const char *const dialects[] = {"none",	  "warpstream", "automq",
				       "inkless", "bufstream",	"custom"};
SAME_SIZE(dialects, RZ_DIALECT_COUNT);
static const char *const phases[] = {"wait", "gap", "hold", "reset", "close", "done", "refused"};
SAME_SIZE(phases, RZ_PHASE_COUNT);
static const char *const outcomes[] = {"unknown", "home", "returned", "left", "gone"};
SAME_SIZE(outcomes, RZ_OUTCOME_COUNT);
static const char *const events[] = {"none",	      "start",		"stop",
				     "verdict",	      "hold",		"move",
				     "let-go",	      "refused",	"observe",
				     "outcome",	      "gave-up",	"freeze",
				     "thaw",	      "pause",		"resume",
				     "breaker-open",  "breaker-closed", "left-while-held",
				     "left-closed",   "reload",		"setting",
				     "reload-failed", "topology",	"reset",
				     "follow-close",  "let-through",	"by-itself",
				     "not-come",      "helper-down",	"helper-back",
				     "not-awaited"};
SAME_SIZE(events, RZ_EVENT_COUNT);
const char *const rz_mode_words[] = {"enforce", "observe", NULL};
SAME_SIZE(rz_mode_words, RZ_MODE_COUNT + 1);
static const char *word(const char *const *table, size_t n, unsigned value)
{
	return value < n ? table[value] : "?";
}

static int find(const char *const *table, size_t n, const char *text)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(table[i], text))
			return (int)i;
	return -EINVAL;
}

const char *rz_state_name(enum rz_state s)
{
	return word(states, COUNT(states), s);
}

const char *rz_protocol_name(enum rz_protocol p)
{
	return word(protocols, COUNT(protocols), p);
}

const char *rz_via_name(enum rz_via v)
{
	return word(vias, COUNT(vias), v);
}

const char *rz_kind_name(enum rz_kind k)
{
	return word(kinds, COUNT(kinds), k);
}

const char *rz_known_by_name(enum rz_known_by k)
{
	return word(known_bys, COUNT(known_bys), k);
}

const char *rz_locality_name(enum rz_locality l)
{
	return word(localities, COUNT(localities), l);
}

int rz_locality_parse(const char *text, enum rz_locality *ret)
{
	int i = find(localities, COUNT(localities), text);

	if (i < 0)
		return -EINVAL;
	*ret = i;
	return 0;
}

const char *rz_dialect_name(enum rz_dialect d)
{
	return word(dialects, COUNT(dialects), d);
}

const char *rz_phase_name(enum rz_phase p)
{
	return word(phases, COUNT(phases), p);
}

const char *rz_outcome_name(enum rz_outcome o)
{
	return word(outcomes, COUNT(outcomes), o);
}

const char *rz_event_name(enum rz_event_type t)
{
	return word(events, COUNT(events), t);
}

int rz_event_parse(const char *text, enum rz_event_type *ret)
{
	int i = find(events, COUNT(events), text);

	if (i <= 0)
		return -EINVAL;
	*ret = i;
	return 0;
}

const char *rz_mode_name(enum rz_mode m)
{
	return word(rz_mode_words, RZ_MODE_COUNT, m);
}

/* A value without a word does not compile (-Wswitch). */
#define WORD(value, word) \
	case value:       \
		return word

const char *rz_reason_name(enum rz_reason r)
{
	switch (r) {
		WORD(RZ_REASON_NONE, "ready to move");
		WORD(RZ_REASON_LEFT, "left while held");
		WORD(RZ_REASON_NOT_IDENTIFIED, "not identified");
		WORD(RZ_REASON_SEVERAL, "several clients");
		WORD(RZ_REASON_NOT_OPTED_IN, "not opted in");
		WORD(RZ_REASON_EXCLUDED, "excluded");
		WORD(RZ_REASON_NO_ZONE, "no zone");
		WORD(RZ_REASON_ZONE_UNKNOWN, "zone unknown");
		WORD(RZ_REASON_AMBIGUOUS, "ambiguous agent");
		WORD(RZ_REASON_NOT_AN_AGENT, "not an agent");
		WORD(RZ_REASON_OWN_ZONE_UNKNOWN, "own zone unknown");
		WORD(RZ_REASON_SAME_ZONE, "same zone");
		WORD(RZ_REASON_NO_AGENT_THERE, "no agent there");
		WORD(RZ_REASON_ZONE_NOT_STABLE, "zone not stable yet");
		WORD(RZ_REASON_TOPOLOGY_STALE, "topology stale");
		WORD(RZ_REASON_AGENT_TERMINATING, "agent terminating");
		WORD(RZ_REASON_NOT_DATA, "not a data connection");
		WORD(RZ_REASON_SHARED, "shared with a group");
		WORD(RZ_REASON_TOO_YOUNG, "too young");
		WORD(RZ_REASON_ACKS0, "acks=0");
		WORD(RZ_REASON_TRANSACTIONAL, "transactional");
		WORD(RZ_REASON_LOAD_BALANCER, "behind a load balancer");
		WORD(RZ_REASON_LOCAL_PROXY, "behind a local proxy");
		WORD(RZ_REASON_MPTCP, "MPTCP");
		WORD(RZ_REASON_LIBRARY, "library");
		WORD(RZ_REASON_NAME_NOT_KEPT, "library's name not kept");
		WORD(RZ_REASON_MAY_COME, "may come by itself");
		WORD(RZ_REASON_COOLING_DOWN, "cooling down");
		WORD(RZ_REASON_GAVE_UP, "gave up");
		WORD(RZ_REASON_BREAKER, "breaker open");
		WORD(RZ_REASON_OVER_BUDGET, "over budget");
		WORD(RZ_REASON_TARGET_BUDGET, "over target budget");
		WORD(RZ_REASON_CLUSTER_BUDGET, "over cluster budget");
		WORD(RZ_REASON_PAUSED, "paused");
		WORD(RZ_REASON_OBSERVING, "observing");
		WORD(RZ_REASON_LEFT_BEHIND, "idle since its move");
		WORD(RZ_REASON_MEMORY_FULL, "client memory full");
		WORD(RZ_REASON_FOLLOWED, "followed since its move");
		WORD(RZ_REASON_HOME_WAS_READY, "home was ready");
		WORD(RZ_REASON_PARKED, "parked");
		WORD(RZ_REASON_LISTENING, "listening");
	case RZ_REASON_COUNT:
		break;
	}
	return "?";
}

struct check_words {
	const char *word, *text;
};
#define WORDS(value, word, text) WORD(value, ((struct check_words){word, text}))

static struct check_words check_words(enum rz_check c)
{
	switch (c) {
		WORDS(RZ_CHECK_PASSED, "passed", "it may be closed");
		WORDS(RZ_CHECK_NOT_TRACKED, "not-tracked", "there is no such connection any more");
		WORDS(RZ_CHECK_OTHER_CLIENT, "other-client", "its client.id is another by now");
		WORDS(RZ_CHECK_NOT_DATA, "not-data", "it does not carry data by now");
		WORDS(RZ_CHECK_OUT_OF_SYNC, "out-of-sync",
		      "where its next request begins is not known");
		WORDS(RZ_CHECK_SEVERAL, "several-clients",
		      "it carries more than one client.id by now");
		WORDS(RZ_CHECK_TRANSACTION, "transactional", "it has begun a transaction");
		WORDS(RZ_CHECK_GROUP, "group-membership", "it carries group membership by now");
		WORDS(RZ_CHECK_ACKS0, "acks0", "it sends Produce with acks=0 by now");
		WORDS(RZ_CHECK_OTHER_ADDRESS, "other-address", "its addresses are others by now");
		WORDS(RZ_CHECK_TOO_OLD, "too-old", "the move was decided too long ago");
		WORDS(RZ_CHECK_MPTCP, "mptcp", "Multipath TCP");
		WORDS(RZ_CHECK_NO_AGENT, "no-agent", "no process has the socket");
		WORDS(RZ_CHECK_NOT_LEFT, "not-left", "its client has not left it");
		WORDS(RZ_CHECK_NOT_KEPT, "not-kept",
		      "something of it was executed, or may have been");
		WORDS(RZ_CHECK_NOT_ACCEPTED, "not-accepted",
		      "TCP has not accepted bytes that rezone read");
		WORDS(RZ_CHECK_UNSEEN, "unseen-bytes", "TCP has bytes that rezone did not read");
		WORDS(RZ_CHECK_NOT_WATCHED, "not-watched", "its responses are not watched");
		WORDS(RZ_CHECK_UNACKED, "unacknowledged",
		      "its client has not acknowledged all responses");
		WORDS(RZ_CHECK_UNREAD, "unread", "the agent has not read all that came");
		WORDS(RZ_CHECK_OUT_OF_ORDER, "out-of-order", "TCP keeps out-of-order segments");
		WORDS(RZ_CHECK_NEW_REQUEST, "new-request",
		      "a new request came after the latest response");
		WORDS(RZ_CHECK_PART_REQUEST, "partial-request", "a request has not come whole");
		WORDS(RZ_CHECK_NOT_FOLLOWED, "not-followed",
		      "which request the next response is for is not known");
		WORDS(RZ_CHECK_UNANSWERED, "unanswered", "a request was unanswered");
		WORDS(RZ_CHECK_PART_RESPONSE, "partial-response",
		      "a response was not out to its end");
		WORDS(RZ_CHECK_SETTLING, "settling", "its responses were not out for long enough");
		WORDS(RZ_CHECK_HELD, "held", "a request came while it was about to be closed");
		WORDS(RZ_CHECK_NOT_REPEATED, "not-repeated",
		      "a dropped segment was not sent again yet");
		WORDS(RZ_CHECK_SILENT, "silent", "no request came");
		WORDS(RZ_CHECK_HOLD_ENDS, "hold-ends", "its hold was too near its end");
		WORDS(RZ_CHECK_NOT_MET, "not-met", "the walk over the sockets did not meet it");
		WORDS(RZ_CHECK_PROBED, "probed",
		      "it was held for a moment to find out its library");
		WORDS(RZ_CHECK_NO_FOLLOW, "no-follow",
		      "its client could not be followed after the close");
	case RZ_CHECK_COUNT:
		break;
	}
	return (struct check_words){"?", "?"};
}

const char *rz_check_name(enum rz_check c)
{
	return check_words(c).word;
}

const char *rz_check_text(enum rz_check c)
{
	return check_words(c).text;
}

/* Transactions first: whatever else such a connection carries, it is left alone. */
enum rz_kind rz_frame_kind(const struct rz_frame *f)
{
	bool data = f->produce || f->fetch;

	if (f->transaction)
		return RZ_KIND_TRANSACTIONAL;
	if (data && f->coordinator)
		return RZ_KIND_SHARED;
	if (f->acks0)
		return RZ_KIND_ACKS0;
	if (data)
		return RZ_KIND_DATA;
	if (f->coordinator)
		return RZ_KIND_COORDINATOR;
	if (f->metadata || f->other)
		return RZ_KIND_METADATA;
	if (f->sasl)
		return RZ_KIND_SASL;
	return f->protocol == RZ_PROTOCOL_UNKNOWN && !f->have && !f->adopted ? RZ_KIND_SILENT
									     : RZ_KIND_UNKNOWN;
}

static bool is_rate(enum rz_reason r)
{
	return r == RZ_REASON_OVER_BUDGET || r == RZ_REASON_TARGET_BUDGET ||
	       r == RZ_REASON_CLUSTER_BUDGET;
}

bool rz_reason_is_news(enum rz_reason was, enum rz_reason now)
{
	return was != now && !(is_rate(was) && is_rate(now));
}

/* A tentative id is one found in mid-stream that no second request has confirmed yet. One that is
 * out of sync, or turned out to be no Kafka, may by now belong to another client. */
bool rz_frame_identified(const struct rz_frame *f, const struct rz_client *client)
{
	return f->client && !f->tentative && client &&
	       (f->state == RZ_STATE_IDENTIFIED || f->state == RZ_STATE_DATA);
}
