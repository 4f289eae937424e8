// SPDX-License-Identifier: Apache-2.0
/* Log lines, see log.h. One write a line, or for some whole ones, so that lines of two writers do
 * not mix. */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"

#define LINE_MAX_BYTES 2048
/* A reader may be slow for so long; then lines are dropped until it reads again. */
#define PATIENCE_MS    100

static enum rz_log_format form = RZ_LOG_TEXT;
static enum rz_log_level max_level = RZ_LOG_INFO;
static uint64_t lost, lost_told; /* lines */
/* Whole lines that wait for one write: no more than a pipe takes at once. */
static char gathered[PIPE_BUF];
static size_t n_gathered;
static bool gathers;
static const char *command; /* NULL: lines are a log's, with time and level */
static bool (*diverted)(enum rz_log_level level, const char *text);

static const char *const words[] = {"error", "warn", "info", "debug"};

void rz_log_setup(enum rz_log_format format, enum rz_log_level level)
{
	form = format;
	max_level = level;
}

void rz_log_divert(bool (*to)(enum rz_log_level level, const char *text))
{
	diverted = to;
}

void rz_log_name(const char *name)
{
	command = name;
}

/* "topology: ..." of `rezone topology` names the command already. */
static const char *without_name(const char *text)
{
	const char *word = strrchr(command, ' ') ? strrchr(command, ' ') + 1 : command;
	size_t len = strlen(word);

	return !strncmp(text, word, len) && !strncmp(text + len, ": ", 2) ? text + len + 2 : text;
}

static char *text_line(enum rz_log_level level, const char *time_text, const char *text)
{
	char *line = NULL;
	int n;

	if (command)
		n = asprintf(&line, "%s: %s\n", command, without_name(text));
	else
		n = asprintf(&line, "%s %-5s %s\n", time_text, words[level], text);
	return n < 0 ? NULL : line;
}

/* "topology" of "topology: 3 agents": the part of rezone that speaks. */
static json_t *part_of(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz-");

	return len && text[len] == ':' ? json_stringn(text, len) : json_null();
}

static char *json_line(enum rz_log_level level, const char *time_text, const char *text,
		       json_t *fields)
{
	json_t *o = json_pack("{s:s, s:s, s:o, s:s}", "time", time_text, "level", words[level],
			      "part", part_of(text), "message", text);
	_cleanup_free_ char *line = NULL;
	size_t n;
	FILE *f = open_memstream(&line, &n);
	int err;

	if (!f) {
		json_decref(o);
		return NULL;
	}
	if (fields)
		json_object_update_missing(o, fields);
	err = rz_json_print(f, o, true);
	if (fclose(f) || err)
		return NULL;
	return RZ_TAKE_PTR(line);
}

/*
 * A write to a pipe or socket whose reader stands still would wait, and with it the event loop and
 * every move. stderr belongs to others, too, so it cannot be made non-blocking: it is asked for
 * room before each write of PIPE_BUF bytes, which is what a pipe that has room takes at once.
 */
static bool has_room(void)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&p, 1, lost > lost_told ? 0 : PATIENCE_MS) != 0;
}

/* Writes all, or as much as there is room for. Returns how much. */
static size_t write_all(const char *bytes, size_t size)
{
	size_t done = 0;
	ssize_t n = 1;

	while (n > 0 && done < size && has_room()) {
		do {
			n = write(STDERR_FILENO, bytes + done,
				  size - done < PIPE_BUF ? size - done : PIPE_BUF);
		} while (n < 0 && errno == EINTR);
		done += n > 0 ? (size_t)n : 0;
	}
	return done;
}

/* A line that is cut counts as written: what reads the log sees that there was one. */
static uint64_t lines_not_begun(const char *bytes, size_t size, size_t done)
{
	uint64_t lines = 0;
	size_t i;

	for (i = done ? done : 1; i < size; i++)
		lines += bytes[i - 1] == '\n';
	return lines + !done;
}

static void tell_lost(void);

static void write_gathered(void)
{
	size_t size = n_gathered, done = size ? write_all(gathered, size) : 0;

	n_gathered = 0;
	if (done == size)
		tell_lost();
	else
		lost += lines_not_begun(gathered, size, done);
}

/* False: it could not be written. A gathered one is counted when it is. */
static bool write_line(const char *line)
{
	size_t size = strlen(line);

	if (gathers && n_gathered + size > sizeof(gathered))
		write_gathered();
	if (!gathers || size > sizeof(gathered))
		return write_all(line, size) > 0;
	memcpy(gathered + n_gathered, line, size);
	n_gathered += size;
	return true;
}

static bool put(enum rz_log_level level, const char *text, json_t *fields)
{
	_cleanup_free_ char *line = NULL;
	char time_text[RZ_TIME_TEXT];
	struct timespec now;

	if (diverted)
		return diverted(level, text);
	clock_gettime(CLOCK_REALTIME, &now);
	rz_time_format(time_text, (uint64_t)now.tv_sec * RZ_SECOND_NS + (uint64_t)now.tv_nsec);
	line = form == RZ_LOG_TEXT ? text_line(level, time_text, text)
				   : json_line(level, time_text, text, fields);
	return line && write_line(line);
}

/* Once a line was written again; among gathered ones it waits with the next. */
static void tell_lost(void)
{
	char text[LINE_MAX_BYTES];

	if (lost <= lost_told)
		return;
	snprintf(text, sizeof(text), "log: %llu lines before this one could not be written",
		 (unsigned long long)(lost - lost_told));
	lost_told = lost;
	put(RZ_LOG_WARN, text, NULL);
}

static void emit(enum rz_log_level level, json_t *fields, const char *fmt, va_list ap)
{
	char raw[LINE_MAX_BYTES], text[LINE_MAX_BYTES * 2];
	int saved = errno;

	if (level > max_level)
		return;
	vsnprintf(raw, sizeof(raw), fmt, ap);
	rz_str_printable(text, sizeof(text), raw, strlen(raw));
	if (!put(level, text, fields))
		lost++;
	else if (!n_gathered)
		tell_lost();
	errno = saved;
}

void rz_log_gather(void)
{
	gathers = true;
}

void rz_log_gathered(void)
{
	int saved = errno;

	while (n_gathered)
		write_gathered();
	gathers = false;
	errno = saved;
}

uint64_t rz_log_lost(void)
{
	return lost;
}

void rz_log(enum rz_log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(level, NULL, fmt, ap);
	va_end(ap);
}

bool rz_log_takes_fields(enum rz_log_level level)
{
	return form == RZ_LOG_JSON && level <= max_level;
}

void rz_log_fields(enum rz_log_level level, json_t *fields, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(level, fields, fmt, ap);
	va_end(ap);
	json_decref(fields);
}

int rz_err(int err, const char *fmt, ...)
{
	json_t *fields = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (form == RZ_LOG_JSON)
		fields = json_pack("{s:o}", "error", rz_json_error(err));
	emit(RZ_LOG_ERROR, fields, fmt, ap);
	va_end(ap);
	json_decref(fields);
	return err;
}
