// SPDX-License-Identifier: Apache-2.0
/* What all JSON is made of, see json.h. */
#include "base/json.h"

#include <errno.h>
#include <math.h>

json_t *rz_json_text(const char *s)
{
	return s && *s ? json_string(s) : json_null();
}

json_t *rz_json_number(bool known, int64_t n)
{
	return known ? json_integer(n) : json_null();
}

json_t *rz_json_seconds(double s)
{
	return s < 0 ? json_null() : json_real(round(s * 10) / 10);
}

int rz_json_print(FILE *f, json_t *all, bool compact)
{
	int err = !all || json_dumpf(all, f, compact ? JSON_COMPACT : JSON_INDENT(1)) ? -ENOMEM : 0;

	putc('\n', f);
	json_decref(all);
	return err;
}
