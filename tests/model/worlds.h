/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which world each twisted rule was seen: file tests/model/worlds, a line "WORLD RULE" each, so
 * that a run looks there first and need not search from the first world on, which takes minutes for
 * the rules that few worlds tell. A line that is no longer true costs that search again; `make
 * model MODEL_LEARN=1` writes the file anew.
 */
#ifndef TESTS_MODEL_WORLDS_H
#define TESTS_MODEL_WORLDS_H

#include <stdbool.h>
#include <stdint.h>

/* 0: none is remembered. Reads the file at the first call, from the project's root. */
uint64_t remembered_world(const char *rule);
void remember_world(const char *rule, uint64_t world);
/* False, and said why, if it cannot be written. */
bool write_worlds(void);

#endif
