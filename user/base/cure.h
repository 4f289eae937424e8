/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to do about an error that has the same cure wherever it comes from.
 *
 * Comes in: -errno. Goes out: the end of an error's one line. Pure. Called by everything that talks
 * to the kernel and cannot know better.
 */
#ifndef RZ_BASE_CURE_H
#define RZ_BASE_CURE_H

#include <stdbool.h>

const char *rz_cure(int err);

/* Does the error speak of this process (too few descriptors, memory or rights) and not of what it
 * asked for? A probe that failed so says nothing about the kernel. */
bool rz_cure_is_ours(int err);

#endif
