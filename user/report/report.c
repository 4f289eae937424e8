// SPDX-License-Identifier: Apache-2.0
/* The form of what rezone-source says to the daemon, see report.h. */
#include "report/report.h"

#include <stdio.h>
#include <string.h>

struct rz_report_head rz_report_head(enum rz_report_kind kind, size_t bytes)
{
	return (struct rz_report_head){RZ_REPORT_MAGIC, kind, (__u32)bytes, 0};
}

/* Agents are as long as they are many, every other kind has one length. */
static const size_t sizes[RZ_REPORT_KINDS] = {
	[RZ_REPORT_HELLO] = sizeof(struct rz_report_hello),
	[RZ_REPORT_LOG] = sizeof(struct rz_report_log),
	[RZ_REPORT_STATE] = sizeof(struct rz_report_state),
	[RZ_REPORT_TOKEN] = sizeof(struct rz_report_credential),
	[RZ_REPORT_CA] = sizeof(struct rz_report_credential),
	[RZ_REPORT_DOUBT] = sizeof(struct rz_report_doubt),
	[RZ_REPORT_LEVEL] = sizeof(struct rz_report_level),
	[RZ_REPORT_ASK] = sizeof(struct rz_report_ask),
	[RZ_REPORT_ANSWER] = sizeof(struct rz_report_answer),
};

static size_t size_of(const struct rz_report_head *h, const void *msg, size_t len)
{
	const struct rz_report_agents *a = msg;
	const size_t before = offsetof(struct rz_report_agents, rows);

	if (h->kind != RZ_REPORT_AGENTS)
		return sizes[h->kind];
	if (len < before || !a->n || a->n > RZ_REPORT_AGENTS_ROWS)
		return 0;
	return before + a->n * sizeof(a->rows[0]);
}

enum rz_report_kind rz_report_kind(const void *msg, size_t len, char *why, size_t size)
{
	const struct rz_report_head *h = msg;

	if (len < sizeof(*h) || h->magic != RZ_REPORT_MAGIC || h->bytes != len || h->pad)
		snprintf(why, size, "%zu bytes that begin as no message does", len);
	else if (h->kind == RZ_REPORT_NONE || h->kind >= RZ_REPORT_KINDS)
		snprintf(why, size, "a message of kind %u, which there is not", h->kind);
	else if (size_of(h, msg, len) != len)
		snprintf(why, size, "a message of kind %u with %zu bytes", h->kind, len);
	else
		return (enum rz_report_kind)h->kind;
	return RZ_REPORT_NONE;
}

bool rz_report_ends(const char *text, size_t size)
{
	return strnlen(text, size) < size;
}
