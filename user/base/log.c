// SPDX-License-Identifier: Apache-2.0
/* Log lines, see log.h. One write a line, so that lines of two writers do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "base/str.h"

#define LINE_MAX_BYTES 2048

static enum rz_log_format form = RZ_LOG_TEXT;
static enum rz_log_level max_level = RZ_LOG_INFO;

static const char *const words[] = {"error", "warn", "info", "debug"};

void rz_log_setup(enum rz_log_format format, enum rz_log_level level)
{
	form = format;
	max_level = level;
}

/* RFC 3339, UTC, milliseconds. */
static void timestamp(char *dst, size_t size)
{
	struct timeval tv;
	struct tm tm;
	char sec[32];

	gettimeofday(&tv, NULL);
	gmtime_r(&tv.tv_sec, &tm);
	strftime(sec, sizeof(sec), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(dst, size, "%s.%03dZ", sec, (int)(tv.tv_usec / 1000));
}

static void emit(enum rz_log_level level, const char *fmt, va_list ap)
{
	char raw[LINE_MAX_BYTES], text[LINE_MAX_BYTES * 2], time_text[64];
	_cleanup_free_ char *line = NULL;
	json_t *o;

	if (level > max_level)
		return;
	vsnprintf(raw, sizeof(raw), fmt, ap);
	rz_str_printable(text, sizeof(text), raw, strlen(raw));
	timestamp(time_text, sizeof(time_text));
	if (form == RZ_LOG_TEXT) {
		fprintf(stderr, "%s %-5s %s\n", time_text, words[level], text);
		return;
	}
	o = json_pack("{s:s, s:s, s:s}", "time", time_text, "level", words[level], "message", text);
	line = o ? json_dumps(o, JSON_COMPACT) : NULL;
	fprintf(stderr, "%s\n", line ? line : "{}");
	json_decref(o);
}

void rz_log(enum rz_log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(level, fmt, ap);
	va_end(ap);
}

int rz_err(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(RZ_LOG_ERROR, fmt, ap);
	va_end(ap);
	return err;
}
