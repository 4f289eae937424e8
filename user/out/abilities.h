/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node can do, a line for each ability with the cure of what it lacks: text, or one JSON
 * object (docs/json.md). Pure.
 *
 * Comes in: findings, one by one. Goes out: text. Called by cmd/check.c.
 */
#ifndef RZ_OUT_ABILITIES_H
#define RZ_OUT_ABILITIES_H

#include <stddef.h>
#include <stdio.h>

enum rz_ability_status {
	RZ_ABILITY_OK = 0,
	RZ_ABILITY_LIMITED,
	RZ_ABILITY_FAILED,
};

struct rz_ability {
	const char *name;
	enum rz_ability_status status;
	char detail[1024]; /* what each missing capability costs, if all are missing */
	const char *cure;  /* "" if none is needed */
};

#define RZ_ABILITIES_MAX 16
struct rz_abilities {
	struct rz_ability rows[RZ_ABILITIES_MAX];
	size_t n;
};

/* Adds a line; name and cure are kept as they are. Returns the status. */
enum rz_ability_status __attribute__((format(printf, 5, 6)))
rz_abilities_note(struct rz_abilities *a, const char *name, enum rz_ability_status status,
		  const char *cure, const char *fmt, ...);
/* The worst line decides: OK all, LIMITED with limits, FAILED not at all. */
enum rz_ability_status rz_abilities_worst(const struct rz_abilities *a);

/* 0 or -ENOMEM. */
int rz_abilities_print_json(FILE *f, const struct rz_abilities *a);
void rz_abilities_print_text(FILE *f, const struct rz_abilities *a);

#endif
