/* SPDX-License-Identifier: Apache-2.0 */
/* Between slice.c (one slice) and answer.c (lists, events, errors): reading fields of JSON objects
 * so that every mistake has its place. */
#ifndef RZ_SOURCE_SLICE_JSON_H
#define RZ_SOURCE_SLICE_JSON_H

#include <jansson.h>

#include "source/slice.h"

struct rz_kube_reader {
	const struct rz_kube_form *form;
	char *why;	/* RZ_KUBE_WHY_SIZE */
	char what[232]; /* what is being read, for messages; "" */
	size_t at;	/* the endpoint's number */
};

/* Notes a mistake and returns -EINVAL. */
int rz_kube_bad(struct rz_kube_reader *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
const char *rz_kube_type_name(const json_t *j); /* "a string", "missing" */
bool rz_kube_absent(const json_t *j);		/* missing or null */

/* A text that may be absent (""). 0 or -EINVAL. */
int rz_kube_text(struct rz_kube_reader *r, const json_t *obj, const char *key, char *dst,
		 size_t size);

/* Name, uid and version. */
int rz_kube_slice_meta(struct rz_kube_reader *r, const json_t *obj, struct rz_kube_slice *s);
int rz_kube_slice_read(struct rz_kube_reader *r, const json_t *obj, struct rz_kube_slice **ret);

#endif
