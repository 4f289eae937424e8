/* SPDX-License-Identifier: Apache-2.0 */
/* What a piece of code writes to stderr, as one text. */
#ifndef TESTS_UNIT_CAPTURE_H
#define TESTS_UNIT_CAPTURE_H

#include <unistd.h>

#include "unit.h"

struct capture {
	FILE *file;
	int stderr_was;
};

static inline void capture_begin(struct capture *c)
{
	fflush(stderr);
	c->file = tmpfile();
	c->stderr_was = dup(STDERR_FILENO);
	assert_non_null(c->file);
	assert_true(c->stderr_was >= 0);
	dup2(fileno(c->file), STDERR_FILENO);
}

/* Puts stderr back. Returns how many bytes were written; dst has the first of them. */
static inline size_t capture_end(struct capture *c, char *dst, size_t size)
{
	size_t n;

	fflush(stderr);
	dup2(c->stderr_was, STDERR_FILENO);
	close(c->stderr_was);
	rewind(c->file);
	n = fread(dst, 1, size - 1, c->file);
	dst[n] = '\0';
	fclose(c->file);
	return n;
}

static inline int capture_lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

#endif
