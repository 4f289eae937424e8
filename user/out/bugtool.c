// SPDX-License-Identifier: Apache-2.0
/* `rezone bugtool`, see bugtool.h. */
#include "out/bugtool.h"

#include <string.h>
#include <bpf/libbpf.h>

#include "base/json.h"
#include "base/str.h"

/* A word that libbpf does not know: the number is in the row. */
static const char *map_type(uint32_t type)
{
	return libbpf_bpf_map_type_str(type) ?: "other";
}

static const char *prog_type(uint32_t type)
{
	return libbpf_bpf_prog_type_str(type) ?: "other";
}

json_t *rz_bugtool_facts_json(const struct rz_bugtool_facts *v)
{
	json_t *kernel = json_object(), *maps = json_array(), *progs = json_array();
	size_t i;

	for (i = 0; i < v->n_facts; i++)
		json_object_set_new(kernel, v->facts[i].name, rz_json_text(v->facts[i].value));
	for (i = 0; i < v->n_maps; i++) {
		const struct rz_map_fact *m = &v->maps[i];

		json_array_append_new(maps,
				      json_pack("{s:s, s:o, s:s, s:i, s:i, s:i, s:I}", "name",
						m->name, "id", rz_json_number(m->id, m->id), "type",
						map_type(m->type), "key_size", m->key_size,
						"value_size", m->value_size, "max_entries",
						m->max_entries, "entries", (json_int_t)m->entries));
	}
	for (i = 0; i < v->n_progs; i++) {
		const struct rz_prog_fact *p = &v->progs[i];

		json_array_append_new(
			progs, json_pack("{s:s, s:i, s:s, s:o, s:I, s:I, s:i}", "name", p->name,
					 "id", p->id, "type", prog_type(p->type), "loaded_s",
					 rz_json_seconds((double)p->loaded_ns / 1e9), "runs",
					 (json_int_t)p->runs, "run_ns", (json_int_t)p->run_ns,
					 "bytes", p->insns_bytes));
	}
	return json_pack("{s:o, s:o, s:o}", "kernel", kernel, "maps", maps, "programs", progs);
}

static json_t *part_json(const struct rz_bugtool_part *p)
{
	bool ended = p->status >= 0;

	return json_pack("{s:s, s:o, s:s?}", "name", p->name, "exit_status",
			 rz_json_number(ended, p->status), "error",
			 ended ? NULL : strerror(-p->status));
}

json_t *rz_bugtool_json(const struct rz_bugtool_report *r)
{
	json_t *parts = json_array();
	char made[RZ_TIME_TEXT];
	size_t i;

	rz_time_format(made, r->made_ns);
	for (i = 0; i < r->n_parts; i++)
		json_array_append_new(parts, part_json(&r->parts[i]));
	return json_pack("{s:s, s:s, s:b, s:o}", "file", r->file, "made", made, "hashed", !r->raw,
			 "parts", parts);
}

int rz_bugtool_print_json(FILE *f, const struct rz_bugtool_report *r)
{
	return rz_json_print(f, rz_bugtool_json(r), false);
}

void rz_bugtool_print_text(FILE *f, const struct rz_bugtool_report *r)
{
	size_t i;

	for (i = 0; i < r->n_parts; i++) {
		const struct rz_bugtool_part *p = &r->parts[i];

		if (p->status < 0)
			fprintf(f, "%-10s not there: %s\n", p->name, strerror(-p->status));
		else if (p->status)
			fprintf(f, "%-10s exit status %d\n", p->name, p->status);
	}
	fprintf(f, "%s: %zu parts; %s\n", r->file, r->n_parts,
		r->raw ? "client ids, addresses and names stand in it as they are"
		       : "client ids, addresses and names of nodes and people are hashed");
}
