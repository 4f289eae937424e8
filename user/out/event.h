/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event as a line: text for people, JSON for programs (docs/events.md). Pure.
 *
 * Comes in: an event of map `events` or `verdicts`. Goes out: a line. Called by cmd/events.c; the
 * object also by daemon/events.c, for the fields of JSON log lines.
 */
#ifndef RZ_OUT_EVENT_H
#define RZ_OUT_EVENT_H

#include <stdio.h>
#include <jansson.h>

#include <rezone/ipc.h>

/* The event as an object; NULL: no memory. */
json_t *rz_event_json(const struct rz_event *e);
/* 0 or -ENOMEM. */
int rz_event_print_json(FILE *f, const struct rz_event *e);
void rz_event_print_text(FILE *f, const struct rz_event *e);

#endif
