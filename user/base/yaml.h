/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a YAML document so that every mistake has its line and column.
 *
 * Comes in: a text. Goes out: values, or one line "NAME:LINE:COLUMN: what; how to mend". libyaml's
 * document API: nodes with marks; YAML aliases are references, never expanded copies. Called by
 * topo/file.c and conf/conf_file.c.
 */
#ifndef RZ_BASE_YAML_H
#define RZ_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

struct rz_yaml {
	yaml_document_t doc;
	const char *name; /* of the file, for messages */
	char *why;	  /* where the one line goes; only the first mistake is kept */
	size_t why_size;
	bool loaded, failed;
};

/* Parses `text` whole: UTF-8, one document, not nested or anchored beyond what its size explains.
 * 0, -ENOMEM, or -EINVAL with `why` filled. Free it in either case. */
int rz_yaml_load(struct rz_yaml *y, const char *name, const char *text, size_t len, char *why,
		 size_t why_size);
void rz_yaml_free(struct rz_yaml *y);

/* The root node; NULL if the document is empty. */
yaml_node_t *rz_yaml_root(struct rz_yaml *y);

/* Notes a mistake at `node` (NULL: at the start) and returns -EINVAL. */
int rz_yaml_fail(struct rz_yaml *y, const yaml_node_t *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The text of a scalar, or NULL after noting that `what` must be one. */
const char *rz_yaml_scalar(struct rz_yaml *y, const yaml_node_t *node, const char *what);

/*
 * Checks that `node` is a mapping whose keys are all among `keys` (NULL-terminated) and stand once.
 * `what` names it in messages. 0 or -EINVAL.
 */
int rz_yaml_mapping(struct rz_yaml *y, yaml_node_t *node, const char *what,
		    const char *const *keys);

/* null, ~ or nothing: a generator's word for a value that it does not know. */
bool rz_yaml_is_null(const yaml_node_t *n);

/* The value of `key` in a mapping, or NULL. A null is a key that is not there; for those to whom it
 * says something else there is rz_yaml_find(). */
yaml_node_t *rz_yaml_find(struct rz_yaml *y, yaml_node_t *mapping, const char *key);
yaml_node_t *rz_yaml_get(struct rz_yaml *y, yaml_node_t *mapping, const char *key);

/* The word of `known` (NULL-terminated) that is nearest to `text`, or NULL if none is near. */
const char *rz_yaml_nearest(const char *text, const char *const *known);

#endif
