// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer over what the network process says: whatever datagrams come, in whatever order, the
 * topology is whole and of the groups that were asked for, no row was proved in the future, and a
 * refusal is one line, fit for a log. Run by `make fuzz`.
 */
#include "fuzz.h"

#include <errno.h>

#include "report/intake.h"

#define NOW 1000000000000ULL

static const struct rz_intake_conf asked = {.targets = {{"kube ws/a", "one"}, {"kube ws/b", "two"}},
					    .n_targets = 2,
					    .cloud = "cloud aws"};

union message {
	struct rz_report_head head;
	struct rz_report_agents agents;
	struct rz_report_state state;
	unsigned char room[RZ_REPORT_MAX];
};

/* Fields that noise would hardly ever hit: two inputs of three have them right. */
static size_t make(union message *m, uint8_t how, const uint8_t *data, size_t size)
{
	size_t len = size < sizeof(*m) ? size : sizeof(*m), n;

	memset(m, 0, sizeof(*m));
	memcpy(m, data, len);
	if (how % 3 == 0)
		return len;
	m->head = rz_report_head((enum rz_report_kind)(how / 3 % RZ_REPORT_KINDS), len);
	if (m->head.kind == RZ_REPORT_AGENTS) {
		n = m->agents.n = 1 + m->agents.n % 4;
		len = offsetof(struct rz_report_agents, rows) + n * sizeof(m->agents.rows[0]);
	} else if (m->head.kind == RZ_REPORT_STATE) {
		len = sizeof(m->state);
		m->state.sent_ns = NOW - m->state.sent_ns % 4;
		m->state.n_targets = 2;
		m->state.asks_cloud = 1;
		m->state.known = 1;
	} else if (m->head.kind == RZ_REPORT_HELLO) {
		len = sizeof(struct rz_report_hello);
	} else if (m->head.kind == RZ_REPORT_LOG) {
		len = sizeof(struct rz_report_log);
	}
	m->head.bytes = (uint32_t)len;
	return len;
}

static void whole(const struct rz_intake *in)
{
	struct rz_source_row rows[RZ_SOURCES_MAX];
	const struct rz_topo *t = rz_intake_topo(in);
	struct rz_topo_zones *zones = NULL;
	size_t i, n = rz_intake_rows(in, "", rows, RZ_SOURCES_MAX);

	CLAIM(n == 3);
	for (i = 0; i < n; i++) {
		CLAIM(rows[i].v.proved_ns <= NOW && rows[i].v.ready <= rows[i].v.agents);
		CLAIM(is_plain(rows[i].v.note, sizeof(rows[i].v.note)));
		CLAIM(is_plain(rows[i].v.left_out_why, sizeof(rows[i].v.left_out_why)));
	}
	CLAIM(is_zone(rz_intake_own_zone(in)) && is_zone(rz_intake_cloud_id(in)));
	if (!t)
		return;
	CLAIM(!rz_topo_zones_count(t, NULL, 1, 1, &zones));
	for (i = 0; i < t->n_agents; i++) {
		const struct rz_topo_agent *a = &t->agents[i];

		CLAIM(rz_topo_agent_at(t, &a->at) == a && a->at.port);
		CLAIM(is_zone(a->zone) && a->source < 2);
		CLAIM(!strcmp(a->group, asked.targets[a->source].group));
	}
	rz_topo_zones_free(zones);
}

/* Datagrams, each a byte of how, two of its length, and its bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rz_report_hello hello = {.head = rz_report_head(RZ_REPORT_HELLO, sizeof(hello))};
	static union message m;
	struct rz_intake_said said;
	struct rz_intake *in = NULL;
	char why[160];

	CLAIM(!rz_intake_new(&asked, &in));
	if (size && data[0] % 8)
		CLAIM(!rz_intake_take(in, &hello, sizeof(hello), false, NOW, &said, why,
				      sizeof(why)));
	while (size > 3) {
		size_t given = (size_t)(data[1] | data[2] << 8) % (size - 2), len;
		int err;

		len = make(&m, data[0], data + 3, given);
		err = rz_intake_take(in, &m, len, data[0] == 255, NOW, &said, why, sizeof(why));
		CLAIM(!err || err == -EBADMSG);
		CLAIM(!err || is_plain(why, sizeof(why)));
		if (!err && said.got == RZ_INTAKE_LOG)
			CLAIM(is_plain(said.text, sizeof(said.text)));
		if (err)
			rz_intake_begin(in);
		whole(in);
		data += 3 + given;
		size -= 3 + given;
	}
	rz_intake_free(in);
	return 0;
}
