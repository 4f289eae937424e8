/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings that hold now, as text, for `rezone config`: a map that the daemon makes and pins as
 * PIN_DIR/v<ABI>/config. No program looks into it, so it is no map of the BPF object's.
 *
 * Comes in: a row for each setting. Goes out: the same. Written by daemon/reload.c whole, row by
 * row; a reader may meet old and new rows while a reload is taken. Removed with the other pins.
 */
#ifndef RZ_KERN_CONF_MAP_H
#define RZ_KERN_CONF_MAP_H

#include <stddef.h>
#include <stdint.h>

#define RZ_CONF_MAP_ROWS 96
struct rz_conf_map_row {
	char name[32]; /* as in the file; "": no row */
	char from[288];
	char value[1020]; /* cut, then it ends with "..." */
	uint8_t restart;  /* a change takes a restart */
	uint8_t by_default;
	uint8_t pad[2];
};

/* Makes the map, or opens the one that is there. A descriptor, or -errno, logged. */
int rz_conf_map_open(const char *pin_dir);
/* Pins it again where its pin is gone. 0 or -errno. */
int rz_conf_map_pin(const char *pin_dir, int fd);
/* Fills all of it. 0 or -errno, logged. */
int rz_conf_map_write(int fd, const struct rz_conf_map_row *rows, size_t n);

/* All rows, for free(). -ENOENT: no daemon of this ABI has left one. 0 or -errno. */
int rz_conf_map_read(const char *pin_dir, struct rz_conf_map_row **ret, size_t *ret_n);

#endif
