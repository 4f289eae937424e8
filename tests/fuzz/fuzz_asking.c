// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer over what the process says that asks agents: whatever datagrams come, in whatever
 * order, an answer is taken for what was asked alone, once, behind a greeting, and is a range or an
 * error; a line of the log ends, and there are few; a refusal is one line. Run by `make
 * fuzz`.
 */
#include "fuzz.h"

#include "rezone/print.h"
#include "report/asking.h"

union message {
	struct rz_report_head head;
	struct rz_report_answer answer;
	struct rz_report_hello hello;
	struct rz_report_log log;
	unsigned char room[sizeof(struct rz_report_log) + 64];
};

/* Fields that noise would hardly ever hit: two inputs of three have them right. */
static size_t make(union message *m, uint8_t how, const uint8_t *data, size_t size)
{
	static const enum rz_report_kind kinds[] = {RZ_REPORT_HELLO, RZ_REPORT_ANSWER,
						    RZ_REPORT_ANSWER, RZ_REPORT_LOG};
	size_t len = size < sizeof(*m) ? size : sizeof(*m);
	enum rz_report_kind kind = kinds[how / 3 % 4];

	memset(m, 0, sizeof(*m));
	memcpy(m, data, len);
	if (how % 3 == 0)
		return len;
	len = kind == RZ_REPORT_HELLO	 ? sizeof(struct rz_report_hello)
	      : kind == RZ_REPORT_ANSWER ? sizeof(m->answer)
					 : sizeof(m->log);
	m->head = rz_report_head(kind, len);
	if (kind == RZ_REPORT_HELLO) {
		m->hello.confined %= 5;
		m->hello.pad = how / 32 == 3;
	} else if (kind == RZ_REPORT_ANSWER) {
		m->answer.number %= RZ_REPORT_ASKS_MAX + 1;
		m->answer.error = how % 2 ? 0 : -(m->answer.error & 0x1fff);
		m->answer.produce_min %= 16;
		m->answer.produce_max %= 256;
		m->answer.pad = how / 32 == 3;
	} else if (kind == RZ_REPORT_LOG) {
		m->log.level %= 8;
		m->log.text[sizeof(m->log.text) - 1] = how / 32 == 3;
	}
	return len;
}

/* Datagrams, each a byte of how, one of its length, and its bytes; the first byte: how many agents
 * were asked. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rz_asking a = {.n = size ? data[0] % (RZ_REPORT_ASKS_MAX + 1) : 0};
	bool answered[RZ_REPORT_ASKS_MAX] = {}, greeted = false;
	unsigned lines = 0;
	union message m;
	char why[160];

	for (data++; size > 4;) {
		size_t given = data[1] % (size - 3), len = make(&m, data[0], data + 2, given);
		bool passed = data[0] >= 224;
		enum rz_report_kind kind;

		kind = rz_asking_take(&a, &m, len, passed, why, sizeof(why));
		if (kind == RZ_REPORT_NONE) {
			CLAIM(is_plain(why, sizeof(why)) && why[0]);
			return 0;
		}
		CLAIM(len == m.head.bytes && kind == m.head.kind);
		CLAIM(!passed || kind == RZ_REPORT_HELLO);
		if (kind == RZ_REPORT_HELLO) {
			CLAIM(!greeted && m.hello.confined < 4 && passed == m.hello.confined / 2);
			greeted = true;
		} else if (kind == RZ_REPORT_LOG) {
			CLAIM(++lines <= RZ_ASKING_LINES_MAX);
			CLAIM(strnlen(m.log.text, sizeof(m.log.text)) < sizeof(m.log.text));
		} else {
			CLAIM(kind == RZ_REPORT_ANSWER && greeted);
			CLAIM(m.answer.number < a.n && !answered[m.answer.number]);
			answered[m.answer.number] = true;
			CLAIM(m.answer.error <= 0 && m.answer.error >= -4095);
			CLAIM(m.answer.error || (m.answer.produce_min <= m.answer.produce_max &&
						 m.answer.produce_max < RZ_TOLD_NO_ANSWER - 1));
		}
		data += 2 + given;
		size -= 2 + given;
	}
	return 0;
}
