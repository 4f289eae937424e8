/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership that shows in the function: a variable marked _cleanup_*_ is released when it goes out
 * of scope; RZ_TAKE_PTR and RZ_TAKE_FD hand it on.
 */
#ifndef RZ_BASE_CLEANUP_H
#define RZ_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void rz_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void rz_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void rz_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_(fn)	 __attribute__((cleanup(fn)))
#define _cleanup_free_	 _cleanup_(rz_cleanup_free)
#define _cleanup_close_	 _cleanup_(rz_cleanup_close)
#define _cleanup_fclose_ _cleanup_(rz_cleanup_fclose)

#define RZ_TAKE_PTR(p)                        \
	({                                    \
		__typeof__(p) rz_taken = (p); \
		(p) = NULL;                   \
		rz_taken;                     \
	})

#define RZ_TAKE_FD(fd)               \
	({                           \
		int rz_taken = (fd); \
		(fd) = -1;           \
		rz_taken;            \
	})

#endif
