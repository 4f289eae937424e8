/* SPDX-License-Identifier: Apache-2.0 */
/* Another program of rezone's, from the folder in which this one lies. */
#ifndef RZ_BASE_BESIDE_H
#define RZ_BASE_BESIDE_H

/* The server of `rezone serve`: a program of its own, so that nothing that runs as root has an HTTP
 * server in it. */
#define RZ_SERVE_PROGRAM "rezone-serve"

/* Becomes that program. Returns only on failure: -errno, not logged. */
int rz_exec_beside(const char *program, char *const argv[]);

#endif
