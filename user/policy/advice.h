/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's rules in words: what each asks for, who can change the answer, and how. One table,
 * for `rezone plan` and `rezone explain`; docs/troubleshoot.md has more of each. Pure.
 */
#ifndef RZ_POLICY_ADVICE_H
#define RZ_POLICY_ADVICE_H

#include <rezone/reason.h>

enum rz_who {
	RZ_WHO_NOBODY,	 /* it is as it should be */
	RZ_WHO_TIME,	 /* it ends by itself */
	RZ_WHO_OWNER,	 /* of the client */
	RZ_WHO_OPERATOR, /* of rezone or the agents */
	RZ_WHO_COUNT,
};

struct rz_advice {
	const char *rule;   /* what holds where the rule passes: "the client has opted in" */
	enum rz_who who;    /* can change it, where it fails */
	const char *change; /* what to do, or what will happen: a sentence without a stop */
};

struct rz_advice rz_advice_on(enum rz_reason reason);

const char *rz_who_name(enum rz_who who); /* nobody time owner operator */

#endif
