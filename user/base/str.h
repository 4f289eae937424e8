/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text: escaping what came from the network, durations, addresses. Pure, no I/O.
 *
 * Used by everything that reads what a person wrote or prints what a person reads.
 */
#ifndef RZ_BASE_STR_H
#define RZ_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/types.h>

/*
 * Copies `len` bytes of `src` so that any terminal, log or JSON writer can take them: printable
 * ASCII stays (0x20 to 0x7e), a backslash becomes \\, every other byte \xNN. Always terminates;
 * cuts at a whole escape when `dst_size` is too small. Returns the length written without the NUL.
 */
size_t rz_str_escape(char *dst, size_t dst_size, const void *src, size_t len);
/* The same for a text of ours in which what came from outside is escaped already: backslashes stay
 * as they are. */
size_t rz_str_printable(char *dst, size_t dst_size, const void *src, size_t len);

/* Copies with truncation and always terminates. Returns false if it was cut. */
bool rz_str_copy(char *dst, size_t dst_size, const char *src);

/* Cuts the slashes at the end of a path, as a shell's completion leaves one behind a directory; "/"
 * stays. Returns `path`. */
char *rz_str_cut_slashes(char *path);

/*
 * A Go duration ("300ms", "1.5h", "2h45m", units ns us µs ms s m h; Go's time.ParseDuration) to
 * nanoseconds. Negative ones and a bare number other than 0 are refused. 0 or -EINVAL, -ERANGE.
 */
int rz_duration_parse(const char *text, uint64_t *ret_ns);
/* Back to text, the shortest exact form ("1m30s", "250ms", "0s"); dst of 32 bytes always suffices.
 */
void rz_duration_format(char *dst, size_t dst_size, uint64_t ns);

/* A time since 1970 as RFC 3339 has it, in UTC, with milliseconds: "2026-11-26T08:00:00.123Z". */
#define RZ_TIME_TEXT 32
void rz_time_format(char dst[RZ_TIME_TEXT], uint64_t unix_ns);

/*
 * An IPv4 or IPv6 address without port to 16 bytes in network order (IPv4 as ::ffff:a.b.c.d).
 * 0 or -EINVAL.
 */
int rz_addr_parse(const char *text, uint8_t ret_addr[16]);
/* :: or 0.0.0.0? */
bool rz_addr_is_any(const uint8_t addr[16]);
/* Does it name many hosts: multicast (224.0.0.0/4, ff00::/8), or the limited broadcast? */
bool rz_addr_is_many(const uint8_t addr[16]);
/* "10.0.0.1" or "fd00::1"; an IPv4-mapped address is shown as IPv4. dst of 46 bytes suffices. */
void rz_addr_format(char *dst, size_t dst_size, const uint8_t addr[16]);
/* "10.0.0.1:9092" or "[fd00::1]:9092"; dst of RZ_ENDPOINT_TEXT bytes suffices. */
#define RZ_ENDPOINT_TEXT 56
void rz_endpoint_format(char *dst, size_t dst_size, const uint8_t addr[16], uint16_t port);
/* An address that a person wrote, with a port or without ("10.0.0.1:9092", "fd00::1", "[fd00::1]",
 * "[fd00::1]:9092"), in the form of rz_endpoint_format(); without a port that ends at its colon:
 * "[fd00::1]". False: it is none. */
bool rz_endpoint_normal(char dst[static RZ_ENDPOINT_TEXT], const char *text);

#endif
