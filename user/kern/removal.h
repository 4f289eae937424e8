/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `rezone uninstall`: nothing of rezone is to stay on this node. A daemon with --keep-pins would
 * leave its programs and maps behind, and removing them under it is mended by its self-check; so a
 * mark in its pin directory tells it to remove them when it ends. The next start removes the mark.
 *
 * Comes in: a pin directory. Goes out: the mark, a map pinned as PIN_DIR/removal. Called by
 * cmd/uninstall.c and daemon/life.c.
 */
#ifndef RZ_KERN_REMOVAL_H
#define RZ_KERN_REMOVAL_H

#include <stdbool.h>

/* 0 or -errno, logged. */
int rz_removal_want(const char *pin_dir);
bool rz_removal_is_wanted(const char *pin_dir);
void rz_removal_forget(const char *pin_dir);

/* Where no daemon runs, by the holder of the pin directory's lock: all pins of all versions, the
 * pause and the mark. */
void rz_removal_do(const char *pin_dir);

#endif
