/* SPDX-License-Identifier: Apache-2.0 */
/* Between mask.c (texts) and mask_json.c (what stands under a key). */
#ifndef RZ_OUT_MASK_INSIDE_H
#define RZ_OUT_MASK_INSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "out/mask.h"

/* What a text is. A hash begins with the word for its kind. */
enum rz_mask_kind {
	RZ_MASK_TEXT, /* addresses and learnt words in it are masked */
	RZ_MASK_WORD, /* of a closed list: addresses in it are masked */
	RZ_MASK_CLIENT,
	RZ_MASK_ADDRESS,
	RZ_MASK_NODE,
	RZ_MASK_PERSON,
};

#define RZ_MASK_SHOWN 24 /* "client-0123456789" and a NUL */

/* From now on `text` is masked as this kind wherever it stands. 0 or -ENOMEM. */
int rz_mask_learn_as(struct rz_mask *m, const char *text, enum rz_mask_kind kind);

/* What is shown instead of these bytes; not for TEXT and WORD. */
void rz_mask_hash(const struct rz_mask *m, enum rz_mask_kind kind, const void *bytes, size_t len,
		  char ret[RZ_MASK_SHOWN]);

/* `text` with its addresses masked and, if `words`, what was learnt and names of people; for
 * free(). NULL: no memory. */
char *rz_mask_in(const struct rz_mask *m, const char *text, bool words);

#endif
