// SPDX-License-Identifier: Apache-2.0
/* Names of what is twisted, see model.h. */
#include "model.h"

static const char *const names[] = {"aliases",
				    "suffixes",
				    "suffixes end the id",
				    "a tag beats the address",
				    "the longest block wins",
				    "librdkafka's own version",
				    "no name, no hold",
				    "older, Produce v8",
				    "one pod is one agent",
				    "roles",
				    "a PROXY header's address",
				    "stable since the first look",
				    "the queue",
				    "the queue's end",
				    "let go",
				    "let go: doubled",
				    "let go: silent",
				    "observed once",
				    "one move a client.id",
				    "an attempt counts",
				    "a client has an address",
				    "a round's others follow",
				    "a round begins at the reset",
				    "cooldown doubles",
				    "cooldown-max",
				    "away beats home",
				    "home ends the row",
				    "unseen is forgotten",
				    "give up",
				    "give-up-for",
				    "undone is forgotten",
				    "outcome-after",
				    "stays: a late request",
				    "stays: since it was opened",
				    "stays: half of outcome-after",
				    "an open outcome",
				    "home beside an idle one",
				    "due counts as not futile",
				    "left behind",
				    "left behind is remembered",
				    "too early to tell",
				    "breaker",
				    "breaker: ten at least",
				    "breaker: of the latest 64",
				    "breaker-for",
				    "pause",
				    "rate",
				    "rate-per-target",
				    "cluster-rate",
				    "share of a target's rate",
				    "share of the cluster's rate",
				    "phase",
				    "a slow bucket begins anew",
				    "backlog",
				    "given back"};
_Static_assert(COUNT(names) == TWIST_COUNT - TWIST_FIRST_OF_PACE, "each twist has a name");

const char *twist_name(enum twist t)
{
	if (t > TWIST_RULE && t < TWIST_FIRST_OF_PACE)
		return has_rule(t - TWIST_RULE) ? rz_reason_name(t - TWIST_RULE) : NULL;
	return t >= TWIST_FIRST_OF_PACE && t < TWIST_COUNT ? names[t - TWIST_FIRST_OF_PACE] : NULL;
}
