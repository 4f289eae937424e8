// SPDX-License-Identifier: Apache-2.0
/* `rezone pause` and `rezone resume`, see pause.h. */
#include "out/pause.h"

#include "base/json.h"
#include "base/str.h"

static const char *const words[] = {"paused", "paused already", "resumed", "not paused"};

json_t *rz_pause_json(const struct rz_pause *p)
{
	if (!p)
		return json_null();
	return json_pack("{s:o, s:o, s:s, s:o}", "since", rz_json_time(p->since_ns), "until",
			 rz_json_time(p->until_ns), "by", p->by, "why", rz_json_text(p->why));
}

int rz_pause_print_json(FILE *f, enum rz_pause_result result, const struct rz_pause *p)
{
	return rz_json_print(
		f, json_pack("{s:s, s:o}", "result", words[result], "pause", rz_pause_json(p)),
		false);
}

void rz_pause_print_text(FILE *f, enum rz_pause_result result, const struct rz_pause *p)
{
	char text[RZ_PAUSE_TEXT + 160];

	if (result == RZ_RESUMED || result == RZ_NOT_PAUSED || !p) {
		fprintf(f, "%s\n", result == RZ_NOT_PAUSED ? "it was not paused" : words[result]);
		return;
	}
	rz_pause_format(text, sizeof(text), p);
	fprintf(f, result == RZ_PAUSED ? "%s %s\n" : "%s, %s\n", words[result], text);
}
