// SPDX-License-Identifier: Apache-2.0
/* `rezone config`, see config.h. */
#include "out/config.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "out/table.h"

static bool is_shown(const struct rz_config_view *v, const struct rz_conf_map_row *r)
{
	return !v->changed || !r->by_default;
}

/* Text of a file or a flag, which may hold anything. */
static const char *printable(char *dst, size_t size, const char *src)
{
	rz_str_printable(dst, size, src, strlen(src));
	return dst;
}

int rz_config_print_json(FILE *f, const struct rz_config_view *v)
{
	char value[4 * sizeof(v->rows->value)], from[4 * sizeof(v->rows->from)];
	json_t *all = json_object();
	size_t i;

	for (i = 0; i < v->n; i++) {
		const struct rz_conf_map_row *r = &v->rows[i];

		if (!is_shown(v, r))
			continue;
		json_object_set_new(
			all, r->name,
			json_pack("{s:o, s:s, s:b}", "value",
				  rz_json_text(printable(value, sizeof(value), r->value)), "from",
				  printable(from, sizeof(from), r->from), "restart",
				  (int)r->restart));
	}
	return rz_json_print(f, json_pack("{s:o}", "settings", all), false);
}

int rz_config_print_text(FILE *f, const struct rz_config_view *v)
{
	static const char *const columns[] = {"SETTING", "VALUE", "FROM", "CHANGE", NULL};
	struct rz_table *t;
	size_t i;
	int err = rz_table_new(f, columns, &t);

	for (i = 0; !err && i < v->n; i++) {
		const struct rz_conf_map_row *r = &v->rows[i];
		const char *cells[] = {r->name, r->value, r->from,
				       r->restart ? "by a restart" : "at once"};

		if (is_shown(v, r))
			err = rz_table_add(t, cells, r->by_default ? NULL : "yellow");
	}
	return err ? err : rz_table_end(t);
}
