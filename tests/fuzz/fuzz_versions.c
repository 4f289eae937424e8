// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer over an agent's answer to ApiVersions: a range that is read stood in the answer, once,
 * and is one; what is read of a whole answer is not read of a part of it. Run by `make fuzz`.
 */
#include "fuzz.h"

#include <errno.h>

#include "source/versions.h"

#define CORRELATION 7

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* How often the answer says something of Produce, and whether it says this. */
static unsigned count_rows(const uint8_t *p, size_t len, const struct rz_versions *v, bool *said)
{
	unsigned n = 0;
	size_t at;

	*said = false;
	for (at = 14; at + 6 <= len; at += 6) {
		if (be16(p + at))
			continue;
		n++;
		*said |= be16(p + at + 2) == v->produce_min && be16(p + at + 4) == v->produce_max;
	}
	return n;
}

/* A byte of how, and an answer: two of three have a head that is right, which noise would hardly
 * ever hit. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t p[RZ_VERSIONS_ANSWER + 64];
	struct rz_versions v = {.produce_min = 1234}, part;
	size_t len, i;
	bool said;
	int err;

	if (!size)
		return 0;
	len = size - 1 < sizeof(p) ? size - 1 : sizeof(p);
	memcpy(p, data + 1, len);
	if (data[0] % 3 && len >= 14) {
		size_t n = (len - 14) / 6;

		len = 14 + 6 * n;
		memset(p, 0, 14);
		p[2] = (uint8_t)((len - 4) >> 8);
		p[3] = (uint8_t)(len - 4);
		p[7] = CORRELATION;
		p[9] = data[0] % 3 == 2 ? data[10] : 0; /* error_code */
		p[12] = (uint8_t)(n >> 8);
		p[13] = (uint8_t)n;
	}
	err = rz_versions_read(p, len, CORRELATION, &v);
	CLAIM(!err || err == -EAGAIN || err == -EBADMSG || err == -EPROTO || err == -ENOENT);
	if (err) {
		CLAIM(v.produce_min == 1234 && !v.produce_max);
		return 0;
	}
	CLAIM(v.produce_min <= v.produce_max && v.produce_max < RZ_VERSIONS_MAX);
	CLAIM(!be16(p + 8) && be16(p + 6) == CORRELATION);
	CLAIM(count_rows(p, len, &v, &said) == 1 && said);
	for (i = 0; i < len; i++)
		CLAIM(rz_versions_read(p, i, CORRELATION, &part) == -EAGAIN);
	CLAIM(rz_versions_read(p, len, CORRELATION + 1, &part) == -EBADMSG);
	return 0;
}
