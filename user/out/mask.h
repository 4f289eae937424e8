/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes out of JSON and text what says who the clients are: client ids, addresses, names of nodes
 * and people. The same one has the same hash everywhere in one archive, so that it can be followed;
 * the seed is forgotten with the process, so that nobody can try ids or addresses against a hash.
 * Pure.
 *
 * Comes in: a seed, the client ids that are known, JSON or text. Goes out: the same, masked. Called
 * by cmd/bugtool.c.
 */
#ifndef RZ_OUT_MASK_H
#define RZ_OUT_MASK_H

#include <stdint.h>
#include <jansson.h>

struct rz_mask;

int rz_mask_new(uint64_t seed, struct rz_mask **ret); /* 0 or -ENOMEM */
void rz_mask_free(struct rz_mask *m);		      /* takes NULL */

/* From now on this client.id is masked wherever it stands in a text. One of less than four bytes is
 * masked only where a key says what it is: it would be found in every sentence. 0 or -ENOMEM. */
int rz_mask_learn(struct rz_mask *m, const char *client_id);
/* Learns the client ids and names of nodes that stand in `j` under their keys. 0 or -ENOMEM. */
int rz_mask_learn_json(struct rz_mask *m, const json_t *j);

/* A text with addresses and learnt words masked, for free(). NULL: no memory. */
char *rz_mask_text(const struct rz_mask *m, const char *text);
/* Masks keys and values, in place. 0 or -ENOMEM. */
int rz_mask_json(const struct rz_mask *m, json_t *j);

#endif
