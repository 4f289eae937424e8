// SPDX-License-Identifier: Apache-2.0
/* `rezone check`, see abilities.h. */
#include "out/abilities.h"

#include <stdarg.h>

#include "base/json.h"

static const char *const status_words[] = {"ok", "limited", "failed"};
static const char *const result_words[] = {"yes", "with limits", "no"};

enum rz_ability_status rz_abilities_note(struct rz_abilities *a, const char *name,
					 enum rz_ability_status status, const char *cure,
					 const char *fmt, ...)
{
	struct rz_ability *row = &a->rows[a->n++];
	va_list ap;

	row->name = name;
	row->status = status;
	row->cure = cure;
	va_start(ap, fmt);
	vsnprintf(row->detail, sizeof(row->detail), fmt, ap);
	va_end(ap);
	return status;
}

enum rz_ability_status rz_abilities_worst(const struct rz_abilities *a)
{
	enum rz_ability_status worst = RZ_ABILITY_OK;
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->rows[i].status > worst)
			worst = a->rows[i].status;
	return worst;
}

void rz_abilities_print_text(FILE *f, const struct rz_abilities *a)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		const struct rz_ability *row = &a->rows[i];

		fprintf(f, "%-8s %-14s %s\n", status_words[row->status], row->name, row->detail);
		if (row->status != RZ_ABILITY_OK && row->cure[0])
			fprintf(f, "%-8s %-14s -> %s\n", "", "", row->cure);
	}
	fprintf(f, "rezone can work on this node: %s\n", result_words[rz_abilities_worst(a)]);
}

int rz_abilities_print_json(FILE *f, const struct rz_abilities *a)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < a->n; i++) {
		const struct rz_ability *row = &a->rows[i];

		json_array_append_new(
			rows, json_pack("{s:s, s:s, s:s, s:s*}", "name", row->name, "status",
					status_words[row->status], "detail", row->detail, "cure",
					row->status == RZ_ABILITY_OK ? NULL : row->cure));
	}
	return rz_json_print(f,
			     json_pack("{s:s, s:o}", "result", result_words[rz_abilities_worst(a)],
				       "checks", rows),
			     false);
}
