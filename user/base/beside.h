/* SPDX-License-Identifier: Apache-2.0 */
/* Another program of rezone's, from the folder in which this one lies. */
#ifndef RZ_BASE_BESIDE_H
#define RZ_BASE_BESIDE_H

#include <stddef.h>

/* The server of `rezone serve`: a program of its own, so that nothing that runs as root has an HTTP
 * server in it. */
#define RZ_SERVE_PROGRAM "rezone-serve"

/* What talks to the API server and the cloud: a program of its own, so that nothing that runs as
 * root has an HTTP client or reads their JSON. */
#define RZ_SOURCE_PROGRAM "rezone-source"

/* Where such a program is. 0 or -errno. */
int rz_path_beside(const char *program, char *ret, size_t size);

/* Becomes that program. Returns only on failure: -errno, not logged. */
int rz_exec_beside(const char *program, char *const argv[]);

#endif
