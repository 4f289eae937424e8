// SPDX-License-Identifier: Apache-2.0
/* user/policy/reason.c: the words are a contract; each value has one, and no two the same. */
#include <errno.h>
#include "unit.h"
#include "policy/reason.h"

static const char *state_word(unsigned v)
{
	return rz_state_name((enum rz_state)v);
}

static const char *protocol_word(unsigned v)
{
	return rz_protocol_name((enum rz_protocol)v);
}

static const char *kind_word(unsigned v)
{
	return rz_kind_name((enum rz_kind)v);
}

static const char *known_by_word(unsigned v)
{
	return rz_known_by_name((enum rz_known_by)v);
}

static const char *locality_word(unsigned v)
{
	return rz_locality_name((enum rz_locality)v);
}

static const char *dialect_word(unsigned v)
{
	return rz_dialect_name((enum rz_dialect)v);
}

static const char *phase_word(unsigned v)
{
	return rz_phase_name((enum rz_phase)v);
}

static const char *mode_word(unsigned v)
{
	return rz_mode_name((enum rz_mode)v);
}

static const char *outcome_word(unsigned v)
{
	return rz_outcome_name((enum rz_outcome)v);
}

static const char *reason_word(unsigned v)
{
	return rz_reason_name((enum rz_reason)v);
}

static const struct {
	const char *(*word)(unsigned v);
	unsigned count;
	const char *all; /* in the enum's order */
} tables[] = {
	{state_word, RZ_STATE_COUNT, "new|identified|data|tls|mptcp|desynced|not-kafka|"},
	{protocol_word, RZ_PROTOCOL_COUNT, "unknown|kafka|tls|http|redis|ssh|noise|"},
	{kind_word, RZ_KIND_COUNT,
	 "unknown|data|coordinator|shared|metadata|transactional|acks0|sasl|silent|"},
	{known_by_word, RZ_KNOWN_COUNT, "unknown|said|sibling|fingerprint|probe|"},
	{locality_word, RZ_LOCALITY_COUNT, "unknown|same|cross|"},
	{dialect_word, RZ_DIALECT_COUNT, "none|warpstream|automq|inkless|bufstream|custom|"},
	{phase_word, RZ_PHASE_COUNT, "wait|gap|hold|reset|close|done|refused|"},
	{mode_word, RZ_MODE_COUNT, "enforce|observe|"},
	{outcome_word, RZ_OUTCOME_COUNT, "unknown|home|returned|left|gone|"},
	{reason_word, RZ_REASON_COUNT,
	 "ready to move|left while held|not identified|several clients|not opted in|excluded|no "
	 "zone|zone unknown|ambiguous agent|not an agent|"
	 "own zone unknown|same zone|no agent there|zone not stable yet|topology stale|"
	 "agent terminating|not a data connection|shared with a group|too "
	 "young|acks=0|transactional|"
	 "behind a load balancer|behind a local proxy|MPTCP|library's name not kept|library|may "
	 "come by itself|cooling "
	 "down|gave up|breaker "
	 "open|"
	 "paused|over budget|over target budget|over cluster budget|observing|"
	 "idle since its move|client memory full|followed since its move|home was ready|parked|"
	 "listening|"},
};

/* cmocka cuts long texts off, so the place of the difference is said here. */
static void same_words(const char *in_code, const char *in_table)
{
	size_t same = 0;

	while (in_code[same] && in_code[same] == in_table[same])
		same++;
	while (same && in_code[same - 1] != '|')
		same--;
	if (!strcmp(in_code + same, in_table + same))
		return;
	print_error("user/policy/reason.c has \"%s\" where `tables` in "
		    "tests/unit/test_reason.c has \"%s\"\n",
		    in_code + same, in_table + same);
	fail();
}

static void test_words(void **state)
{
	size_t i;
	unsigned v;

	(void)state;
	for (i = 0; i < COUNT(tables); i++) {
		char all[1024] = "";

		for (v = 0; v < tables[i].count; v++) {
			strcat(all, tables[i].word(v));
			strcat(all, "|");
		}
		same_words(all, tables[i].all);
		assert_string_equal(tables[i].word(tables[i].count), "?");
		assert_string_equal(tables[i].word(255), "?");
	}
}

static void test_parse(void **state)
{
	enum rz_locality locality = RZ_LOCALITY_CROSS;

	(void)state;
	assert_int_equal(rz_locality_parse("away", &locality), -EINVAL);
	assert_int_equal(rz_locality_parse("", &locality), -EINVAL);
	assert_int_equal(rz_locality_parse("Same", &locality), -EINVAL);
	assert_int_equal(locality, RZ_LOCALITY_CROSS); /* written on success only */
	assert_int_equal(rz_locality_parse("same", &locality), 0);
	assert_int_equal(locality, RZ_LOCALITY_SAME);
	assert_null(rz_mode_words[RZ_MODE_COUNT]);
}

/* All 256 combinations of what a connection can have carried. */
static void test_kind(void **state)
{
	unsigned bits;

	(void)state;
	for (bits = 0; bits < 256; bits++) {
		struct rz_frame f = {
			.produce = bits & 1,
			.fetch = bits >> 1 & 1,
			.coordinator = bits >> 2 & 1,
			.metadata = bits >> 3 & 1,
			.transaction = bits >> 4 & 1,
			.sasl = bits >> 5 & 1,
			.other = bits >> 6 & 1,
			.acks0 = bits >> 7 & 1,
			.protocol = RZ_PROTOCOL_KAFKA,
		};
		enum rz_kind kind = rz_frame_kind(&f);
		bool data = f.produce || f.fetch;

		if (f.acks0 && !f.produce) /* only a Produce can say it */
			continue;
		assert_int_equal(kind == RZ_KIND_TRANSACTIONAL, f.transaction);
		assert_int_equal(kind == RZ_KIND_DATA,
				 data && !f.coordinator && !f.transaction && !f.acks0);
		assert_int_equal(kind == RZ_KIND_ACKS0,
				 f.acks0 && !f.coordinator && !f.transaction);
		assert_int_equal(kind == RZ_KIND_SASL, f.sasl && !data && !f.coordinator &&
							       !f.transaction && !f.metadata &&
							       !f.other);
		assert_int_equal(kind == RZ_KIND_SHARED, data && f.coordinator && !f.transaction);
		assert_int_equal(kind == RZ_KIND_COORDINATOR,
				 !data && f.coordinator && !f.transaction);
		assert_int_equal(kind == RZ_KIND_METADATA, !data && !f.coordinator &&
								   !f.transaction &&
								   (f.metadata || f.other));
	}
}

/* One definition for the policy, the list and the counters: every state, with and without an id. */
static void test_identified(void **state)
{
	static const struct rz_client row;
	int s, bits;

	(void)state;
	for (s = 0; s < RZ_STATE_COUNT; s++)
		for (bits = 0; bits < 8; bits++) {
			struct rz_frame f = {.state = (enum rz_state)s,
					     .client = bits & 1 ? 7 : 0,
					     .tentative = bits >> 1 & 1};
			const struct rz_client *c = bits & 4 ? &row : NULL;
			bool known = s == RZ_STATE_IDENTIFIED || s == RZ_STATE_DATA;

			assert_int_equal(rz_frame_identified(&f, c), known && bits == 5);
		}
}

/* A candidate that waits for one rate, and then for another, still waits for a rate. */
static void test_news(void **state)
{
	static const enum rz_reason rates[] = {RZ_REASON_OVER_BUDGET, RZ_REASON_TARGET_BUDGET,
					       RZ_REASON_CLUSTER_BUDGET};
	size_t i, k;
	int r;

	(void)state;
	for (i = 0; i < 3; i++)
		for (k = 0; k < 3; k++)
			assert_false(rz_reason_is_news(rates[i], rates[k]));
	for (r = 0; r < RZ_REASON_COUNT; r++) {
		bool rate = r == rates[0] || r == rates[1] || r == rates[2];

		assert_false(rz_reason_is_news((enum rz_reason)r, (enum rz_reason)r));
		assert_int_equal(rz_reason_is_news((enum rz_reason)r, rates[1]), !rate);
		assert_int_equal(rz_reason_is_news(rates[1], (enum rz_reason)r), !rate);
		assert_int_equal(rz_reason_is_news((enum rz_reason)r, RZ_REASON_SAME_ZONE),
				 r != RZ_REASON_SAME_ZONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words), cmocka_unit_test(test_parse),
		cmocka_unit_test(test_kind),  cmocka_unit_test(test_identified),
		cmocka_unit_test(test_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
