/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `rezone serve` reads: the pinned maps, opened once while the process may still do that, to
 * read alone. Goes out: the pages. Called by user/serve.c, server.c.
 */
#ifndef RZ_SERVE_SOURCE_H
#define RZ_SERVE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

struct rz_source;

/* -ENOENT: no daemon has maps there yet (not logged); else 0 or -errno, logged. */
int rz_source_open(const char *pin_dir, struct rz_source **ret);
void rz_source_free(struct rz_source *s); /* takes NULL */

/* Can the maps be read? Of rights that were given up; `source` is a struct rz_source. */
bool rz_source_can_read(void *source);
/* Are these maps still the daemon's? Not once it has removed them, or another one has begun, which
 * may have made some of them anew. */
bool rz_source_is_current(struct rz_source *s);

/* /metrics, for free(). 0 or -errno, logged. */
int rz_source_metrics(struct rz_source *s, char **ret, size_t *ret_len);
/* /healthz: a daemon holds the pin directory, paused or not; `rezone status --live`. */
bool rz_source_live(const struct rz_source *s);
/* /readyz: it is attached, and its tick runs; `rezone status --ready`. */
bool rz_source_ready(const struct rz_source *s);

#endif
