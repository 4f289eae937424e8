// SPDX-License-Identifier: Apache-2.0
/* ApiVersions, see versions.h. */
#include "source/versions.h"

#include <errno.h>
#include <string.h>

#include <rezone/api.h>
#include <rezone/bytes.h>

#define HEAD 14 /* bytes in front of the first API */
#define ROW  6

void rz_versions_ask(uint8_t ret[RZ_VERSIONS_REQUEST], uint32_t correlation)
{
	static const uint8_t form[RZ_VERSIONS_REQUEST] = {0,   0,
							  0,   RZ_VERSIONS_REQUEST - 4,
							  0,   RZ_API_API_VERSIONS,
							  0,   0,
							  0,   0,
							  0,   0,
							  0,   RZ_VERSIONS_REQUEST - 14,
							  'r', 'e',
							  'z', 'o',
							  'n', 'e'};

	memcpy(ret, form, sizeof(form));
	ret[8] = (uint8_t)(correlation >> 24);
	ret[9] = (uint8_t)(correlation >> 16);
	ret[10] = (uint8_t)(correlation >> 8);
	ret[11] = (uint8_t)correlation;
}

/* The rows of Produce. -EBADMSG also if there are two. */
static int find_produce(const uint8_t *rows, uint32_t n, struct rz_versions *ret)
{
	struct rz_versions v = {};
	bool found = false;
	uint32_t i;

	for (i = 0; i < n; i++, rows += ROW) {
		if (rz_bytes_be16(rows) != RZ_API_PRODUCE)
			continue;
		v.produce_min = rz_bytes_be16(rows + 2);
		v.produce_max = rz_bytes_be16(rows + 4);
		if (found || v.produce_min > v.produce_max || v.produce_max >= RZ_VERSIONS_MAX)
			return -EBADMSG;
		found = true;
	}
	if (!found)
		return -ENOENT;
	*ret = v;
	return 0;
}

int rz_versions_read(const uint8_t *p, size_t len, uint32_t correlation, struct rz_versions *ret)
{
	uint32_t size, n;

	if (len < 4)
		return -EAGAIN;
	size = rz_bytes_be32(p);
	if (size < HEAD - 4 || size > RZ_VERSIONS_ANSWER - 4 || len > size + 4)
		return -EBADMSG;
	if (len >= 8 && rz_bytes_be32(p + 4) != correlation)
		return -EBADMSG;
	if (len < size + 4)
		return -EAGAIN;
	if (rz_bytes_be16(p + 8))
		return -EPROTO;
	n = rz_bytes_be32(p + 10);
	if (n > RZ_VERSIONS_ANSWER / ROW || HEAD + n * ROW != size + 4)
		return -EBADMSG;
	return find_produce(p + HEAD, n, ret);
}
