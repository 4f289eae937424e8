/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths: the BPF file system with rezone's pins, and the cgroup v2 root.
 *
 * Pins lie in PIN_DIR/v<RZ_ABI>; PIN_DIR itself holds a symlink to each map, so that
 * `bpftool map dump pinned /sys/fs/bpf/rezone/conns` works whatever the ABI number is.
 */
#ifndef RZ_KERN_PINS_H
#define RZ_KERN_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

/* The links that follow responses, one a cgroup (kern/watch.c). */
#define RZ_WATCH_PINS                                                                          \
	{                                                                                      \
		"link_answer", "link_answer2", "link_answer3", "link_answer4", "link_answer5", \
			"link_answer6", "link_answer7", "link_answer8", "link_answer9",        \
			"link_answer10", "link_answer11", "link_answer12", "link_answer13",    \
			"link_answer14", "link_answer15", "link_answer16"                      \
	}

#define RZ_PIN_DIR_DEFAULT "/sys/fs/bpf/rezone"

/* "PIN_DIR/v2/NAME" */
void rz_pins_path(char *dst, size_t dst_size, const char *pin_dir, const char *name);

/* Makes sure that a BPF file system is mounted at /sys/fs/bpf if pin_dir lies there, and that
 * pin_dir is on one, then creates it. Never mounts anywhere else. */
int rz_pins_prepare(const char *pin_dir);

/* Is this a pin directory in which rezone may remove something? It is there, on a BPF file system,
 * a directory of its own below that, and nobody else may write to it. 0 or -errno, logged. What
 * removes pins removes all of another version's directories by their names alone ("v13"), and other
 * programs have files in directories of such names. */
int rz_pins_check(const char *pin_dir);

/*
 * Takes the one lock that a daemon holds on its pin directory. Returns a descriptor to keep, -EBUSY
 * (logged) if another daemon has it. The kernel gives it back when the process dies, however it
 * dies.
 */
int rz_pins_lock(const char *pin_dir);

/* Prepares the directory, and takes its lock. If another daemon has it, says so, and waits for its
 * end, RZ_PINS_WAIT_NS at most, and not once a signal wants this one to end. Returns the descriptor
 * or -errno, logged. */
int rz_pins_take(const char *pin_dir);
#define RZ_PINS_WAIT_NS (5 * RZ_SECOND_NS)

/* PIN_DIR/name -> v2/name for a pinned map. 1: it was made; 0: it is there already; -errno, logged.
 */
int rz_pins_link(const char *pin_dir, const char *name);

/* Removes all pins of this ABI, their symlinks and the directories. Programs whose only hold were
 * these pins are detached by it. */
void rz_pins_remove(const char *pin_dir);
/* Removes what a rezone with another ABI left behind, an older one, or after a rollback a newer
 * one: its programs would go on for nobody. */
void rz_pins_remove_others(const char *pin_dir);
/* The number in the name of a version's directory, "v5"; -1: it is none. */
int rz_pins_abi_of(const char *name);
/* The map ABI of pins of another version in this directory, the highest; -1: there are none. */
int rz_pins_other_abi(const char *pin_dir);
/* Removes the directories if nothing is in them. */
void rz_pins_rmdir(const char *pin_dir);

/*
 * The root of the cgroup v2 hierarchy: `given` if not NULL, else found in /proc/self/mounts (hybrid
 * hosts have it at /sys/fs/cgroup/unified). Opened read-only; the path goes to ret_path. -errno,
 * logged with the cure.
 */
int rz_cgroup_open(const char *given, char *ret_path, size_t path_size);

#endif
