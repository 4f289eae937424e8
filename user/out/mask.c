// SPDX-License-Identifier: Apache-2.0
/* Masking texts, see mask.h: learnt words, addresses, names of people. JSON: mask_json.c. */
#include "out/mask.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rezone/hash.h>

#include "out/mask_address.h"
#include "out/mask_inside.h"

#define LEAST_WORD 4

struct word {
	char *text;
	enum rz_mask_kind kind;
};

struct rz_mask {
	uint64_t seed;
	struct word *words; /* sorted by their text */
	size_t n, room;
};

static const char *const kinds[] = {[RZ_MASK_CLIENT] = "client",
				    [RZ_MASK_ADDRESS] = "addr",
				    [RZ_MASK_NODE] = "node",
				    [RZ_MASK_PERSON] = "user"};

int rz_mask_new(uint64_t seed, struct rz_mask **ret)
{
	struct rz_mask *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->seed = seed;
	*ret = m;
	return 0;
}

void rz_mask_free(struct rz_mask *m)
{
	size_t i;

	for (i = 0; m && i < m->n; i++)
		free(m->words[i].text);
	if (m)
		free(m->words);
	free(m);
}

/* Where `text` is among the words, or would be. */
static size_t place_of(const struct rz_mask *m, const char *text)
{
	size_t low = 0, high = m->n, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (strcmp(m->words[mid].text, text) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int rz_mask_learn_as(struct rz_mask *m, const char *text, enum rz_mask_kind kind)
{
	size_t at = place_of(m, text), room = m->room ? 2 * m->room : 64;
	struct word *words;
	char *copy;

	if (strlen(text) < LEAST_WORD || (at < m->n && !strcmp(m->words[at].text, text)))
		return 0;
	if (m->n == m->room) {
		words = reallocarray(m->words, room, sizeof(*words));
		if (!words)
			return -ENOMEM;
		m->words = words;
		m->room = room;
	}
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	memmove(&m->words[at + 1], &m->words[at], (m->n - at) * sizeof(*m->words));
	m->words[at] = (struct word){copy, kind};
	m->n++;
	return 0;
}

int rz_mask_learn(struct rz_mask *m, const char *client_id)
{
	return rz_mask_learn_as(m, client_id, RZ_MASK_CLIENT);
}

void rz_mask_hash(const struct rz_mask *m, enum rz_mask_kind kind, const void *bytes, size_t len,
		  char ret[RZ_MASK_SHOWN])
{
	struct rz_hash h = rz_hash_begin(m->seed);
	const unsigned char *at = bytes;
	uint64_t word;
	size_t i;

	for (i = 0; i < len; i += sizeof(word)) {
		word = 0;
		memcpy(&word, at + i, len - i < sizeof(word) ? len - i : sizeof(word));
		rz_hash_word(&h, word);
	}
	rz_hash_word(&h, len);
	snprintf(ret, RZ_MASK_SHOWN, "%s-%010llx", kinds[kind],
		 (unsigned long long)(rz_hash_end(&h) >> 24));
}

/* Part of a longer word, as "sarama" in "sarama-2"? Then it is another one. */
static bool goes_on(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The first of these words whose byte `i` is at least `least`. They are equal before it. */
static size_t from_byte(const struct rz_mask *m, size_t low, size_t high, size_t i, int least)
{
	size_t mid;

	while (low < high) {
		mid = (low + high) / 2;
		if ((unsigned char)m->words[mid].text[i] < least)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The longest learnt word that stands at text[at]; NULL: none. */
static const struct word *learnt_at(const struct rz_mask *m, const char *text, size_t at)
{
	const unsigned char *here = (const unsigned char *)text + at;
	const struct word *found = NULL;
	size_t low = 0, high = m->n, i;

	if (at && goes_on(text[at - 1]) && goes_on(text[at]))
		return NULL;
	/* words low to high - 1 begin with the first `i` bytes */
	for (i = 0; low < high; i++) {
		if (!m->words[low].text[i]) { /* the shortest is first: it ends here */
			if (!goes_on((char)here[i]) || !goes_on((char)here[i - 1]))
				found = &m->words[low];
			low++;
		}
		if (!here[i])
			break;
		low = from_byte(m, low, high, i, here[i]);
		high = from_byte(m, low, high, i, here[i] + 1);
	}
	return found;
}

/* Does the name of a person begin here, as cmd/who.c says it: "alice (uid 1000, pid 7)", "alice by
 * sudo (uid 0, pid 7)"? Its length, 0: no. */
static size_t person_at(const char *text)
{
	static const char *const nobodies[] = {"root", "sudo", "kubectl"};
	size_t len = strcspn(text, " ()"), by = 0, i;

	if (!strncmp(text + len, " by ", 4))
		by = 4 + strcspn(text + len + 4, " ()");
	for (i = 0; i < sizeof(nobodies) / sizeof(nobodies[0]); i++)
		if (len == strlen(nobodies[i]) && !strncmp(text, nobodies[i], len))
			return 0;
	return strncmp(text + len + by, " (uid ", 6) ? 0 : len;
}

/* What is masked at text[at], as `shown`: its length, 0: nothing. */
static size_t mask_at(const struct rz_mask *m, const char *text, size_t at, bool words,
		      char shown[RZ_MASK_SHOWN])
{
	const struct word *word = words ? learnt_at(m, text, at) : NULL;
	bool begins = !at || text[at - 1] == ' ';
	uint8_t addr[16];
	size_t len = words && begins ? person_at(text + at) : 0;

	if (word) {
		len = strlen(word->text);
		rz_mask_hash(m, word->kind, word->text, len, shown);
	} else if (len) {
		rz_mask_hash(m, RZ_MASK_PERSON, text + at, len, shown);
	} else {
		len = rz_mask_address(text, at, addr);
		if (len)
			rz_mask_hash(m, RZ_MASK_ADDRESS, addr, sizeof(addr), shown);
	}
	return len;
}

char *rz_mask_in(const struct rz_mask *m, const char *text, bool words)
{
	char *masked = NULL, shown[RZ_MASK_SHOWN];
	size_t size, at = 0, len;
	FILE *f = open_memstream(&masked, &size);

	while (f && text[at]) {
		len = mask_at(m, text, at, words, shown);
		if (len)
			fputs(shown, f);
		else
			putc(text[at], f);
		at += len ? len : 1;
	}
	if (!f || fclose(f)) {
		free(masked);
		return NULL;
	}
	return masked;
}

char *rz_mask_text(const struct rz_mask *m, const char *text)
{
	return rz_mask_in(m, text, true);
}
