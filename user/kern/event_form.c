// SPDX-License-Identifier: Apache-2.0
/* Events without their zeros, see event_form.h. Pure. */
#include "kern/event_form.h"

#include <errno.h>
#include <string.h>

#define ROW_MAX 255 /* what a byte counts */
#define WORTH	3   /* so many zeros in a row are left out: a new row costs two bytes */

static size_t zeros_at(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && i < ROW_MAX && !p[i])
		i++;
	return i;
}

/* Bytes up to the next zeros that are worth it. */
static size_t bytes_at(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && i < ROW_MAX && zeros_at(p + i, n - i < WORTH ? n - i : WORTH) < WORTH)
		i++;
	return i;
}

size_t rz_event_form_write(uint8_t dst[static RZ_EVENT_FORM_MAX], const struct rz_event *e)
{
	const uint8_t *p = (const uint8_t *)e;
	size_t at = 0, n = sizeof(*e), to = 0, zeros, bytes;

	while (n && !p[n - 1])
		n--;
	while (at < n) {
		zeros = zeros_at(p + at, n - at);
		bytes = bytes_at(p + at + zeros, n - at - zeros);
		dst[to++] = (uint8_t)zeros;
		dst[to++] = (uint8_t)bytes;
		memcpy(dst + to, p + at + zeros, bytes);
		to += bytes;
		at += zeros + bytes;
	}
	return to;
}

int rz_event_form_read(const uint8_t *src, size_t n, struct rz_event *ret)
{
	struct rz_event e = {};
	uint8_t *p = (uint8_t *)&e;
	size_t at = 0, from = 0, bytes;

	while (from + 2 <= n) {
		at += src[from];
		bytes = src[from + 1];
		from += 2;
		if (bytes > n - from || at > sizeof(e) || bytes > sizeof(e) - at)
			return -EBADMSG;
		memcpy(p + at, src + from, bytes);
		at += bytes;
		from += bytes;
	}
	if (from != n)
		return -EBADMSG;
	*ret = e;
	return 0;
}
