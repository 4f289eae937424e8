/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines to stderr, as text for people or JSON lines for machines.
 *
 * Comes in: a level and a printf form. Goes out: one line on stderr. Called by everybody who knows
 * why something failed; the reason is logged once, there, and the -errno is handed up.
 */
#ifndef RZ_BASE_LOG_H
#define RZ_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum rz_log_level { RZ_LOG_ERROR = 0, RZ_LOG_WARN, RZ_LOG_INFO, RZ_LOG_DEBUG };
enum rz_log_format { RZ_LOG_TEXT = 0, RZ_LOG_JSON };

void rz_log_setup(enum rz_log_format format, enum rz_log_level max_level);

/* From now on lines go to this function instead, without time and level; it must not log. False: it
 * could not take the line. */
void rz_log_divert(bool (*to)(enum rz_log_level level, const char *text));

/* Text lines begin with this name ("rezone list: ") instead of time and level: who typed a command
 * reads its errors at once. Must live as long as the process. */
void rz_log_name(const char *name);

/* Writes one line; bytes that are not printable ASCII are escaped (rz_str_printable). */
void rz_log(enum rz_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same with fields for a JSON line, which has them beside the sentence; a key that a line has
 * anyway stays as it is. Takes `fields` over; NULL: none. */
struct json_t;
void rz_log_fields(enum rz_log_level level, struct json_t *fields, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Is a line of this level written, and as JSON? Else nobody needs fields. */
bool rz_log_takes_fields(enum rz_log_level level);

/* From here to rz_log_gathered() lines wait for each other, and some are written at once: for many
 * lines in a row. Each is as it would be by itself, and in its place; only a process that ends in
 * between leaves some out, so nothing may wait there. Calls do not nest. */
void rz_log_gather(void);
void rz_log_gathered(void);

/* Logs at error level and returns `err` (a negative errno), so that a failure is one statement. A
 * JSON line has the errno's name as `error`. */
int rz_err(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Lines that could not be written: stderr is closed, full, or a pipe that is not read, be its
 * reader gone or standing still. They are dropped, and said as soon as a line can be written again.
 */
uint64_t rz_log_lost(void);

#define rz_warn(...)  rz_log(RZ_LOG_WARN, __VA_ARGS__)
#define rz_info(...)  rz_log(RZ_LOG_INFO, __VA_ARGS__)
#define rz_debug(...) rz_log(RZ_LOG_DEBUG, __VA_ARGS__)

#endif
