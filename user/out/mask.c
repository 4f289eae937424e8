// SPDX-License-Identifier: Apache-2.0
/* Masking, see mask.h. */
#include "out/mask.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rezone/hash.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "out/mask_address.h"

#define LEAST_WORD 4
#define SHOWN	   24 /* "client-0123456789" and a NUL */

/* What stands under a key. Of all other keys the value is a text: addresses and learnt words in it
 * are masked. */
enum policy { TEXT, WORD, CLIENT, ADDRESSES, NODE, PERSON };

struct word {
	char *text;
	enum policy kind;
};

struct rz_mask {
	uint64_t seed;
	struct word *words; /* sorted by their text */
	size_t n, room;
};

static const char *const kinds[] = {
	[CLIENT] = "client", [ADDRESSES] = "addr", [NODE] = "node", [PERSON] = "user"};

static const struct {
	const char *key;
	enum policy policy;
} keys[] = {
	{"client_id", CLIENT},
	{"session_id", CLIENT},
	{"proxy_target", CLIENT},
	{"exclude_clients", CLIENT},
	{"node", NODE},
	{"node_name", NODE},
	/* a closed list of words, a zone or a version, which may well be somebody's client.id, too
	 */
	{"event", WORD},
	{"reason", WORD},
	{"outcome", WORD},
	{"check", WORD},
	{"error", WORD},
	{"locality", WORD},
	{"protocol", WORD},
	{"state", WORD},
	{"kind", WORD},
	{"via", WORD},
	{"dialect", WORD},
	{"verdict", WORD},
	{"phase", WORD},
	{"software", WORD},
	{"software_version", WORD},
	{"client_zone", WORD},
	{"agent_zone", WORD},
	{"from_zone", WORD},
	{"to_zone", WORD},
	{"own_zone", WORD},
	{"zone", WORD},
	{"zone_from", WORD},
	{"group", WORD},
	{"agent_group", WORD},
	{"mode", WORD},
	{"health", WORD},
	{"fault", WORD},
	{"freeze", WORD},
	{"frozen", WORD},
	{"standing", WORD},
	{"here", WORD},
	{"status", WORD},
	{"result", WORD},
	{"setting", WORD},
	{"name", WORD},
	{"file", WORD},
	{"version", WORD},
	{"place", WORD},
	{"errno", WORD},
};

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

/* A setting is exclude_clients in the file, and exclude-clients in events. */
static bool same_key(const char *a, const char *b)
{
	for (; *a && (*a == *b || (*a == '_' && *b == '-')); a++)
		b++;
	return *a == *b;
}

static enum policy policy_of(const char *key)
{
	size_t i;

	for (i = 0; key && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (same_key(keys[i].key, key))
			return keys[i].policy;
	return TEXT;
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

static int learn(struct rz_mask *m, const char *text, enum policy kind)
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
	return learn(m, client_id, CLIENT);
}

int rz_mask_learn_json(struct rz_mask *m, const json_t *j)
{
	enum policy policy;
	const char *key;
	json_t *value;
	size_t i;
	int err = 0;

	json_array_foreach (j, i, value)
		if (!err)
			err = rz_mask_learn_json(m, value);
	json_object_foreach ((json_t *)j, key, value) {
		policy = policy_of(key);
		if (!err && json_is_string(value) && (policy == CLIENT || policy == NODE))
			err = learn(m, json_string_value(value), policy);
		else if (!err)
			err = rz_mask_learn_json(m, value);
	}
	return err;
}

static void hash(const struct rz_mask *m, enum policy kind, const void *bytes, size_t len,
		 char ret[SHOWN])
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
	snprintf(ret, SHOWN, "%s-%010llx", kinds[kind],
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
		      char shown[SHOWN])
{
	const struct word *word = words ? learnt_at(m, text, at) : NULL;
	bool begins = !at || text[at - 1] == ' ';
	uint8_t addr[16];
	size_t len = words && begins ? person_at(text + at) : 0;

	if (word) {
		len = strlen(word->text);
		hash(m, word->kind, word->text, len, shown);
	} else if (len) {
		hash(m, PERSON, text + at, len, shown);
	} else {
		len = rz_mask_address(text, at, addr);
		if (len)
			hash(m, ADDRESSES, addr, sizeof(addr), shown);
	}
	return len;
}

static char *mask(const struct rz_mask *m, const char *text, bool words)
{
	char *masked = NULL, shown[SHOWN];
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
	return mask(m, text, true);
}

static json_t *masked_value(const struct rz_mask *m, const char *text, enum policy policy)
{
	_cleanup_free_ char *masked = NULL;
	char shown[SHOWN];

	if (policy == TEXT || policy == WORD) {
		masked = mask(m, text, policy == TEXT);
		return masked ? json_string(masked) : NULL;
	}
	hash(m, policy, text, strlen(text), shown);
	return json_string(shown);
}

/* Of {"value": V} under a setting's name, of {"setting": NAME, "before", "after"}, and of a group
 * by client.id what stands there is what the name says. */
static enum policy policy_in(const json_t *object, const char *object_key, const char *key)
{
	const char *setting = json_string_value(json_object_get(object, "setting"));
	const char *by = json_string_value(json_object_get(object, "by"));

	if (!strcmp(key, "value"))
		return policy_of(object_key);
	if (setting && (!strcmp(key, "before") || !strcmp(key, "after")))
		return policy_of(setting);
	if (by && !strcmp(key, "name"))
		return TEXT;
	return policy_of(key);
}

static int mask_object(const struct rz_mask *m, json_t *o, const char *object_key);

static int mask_member(const struct rz_mask *m, json_t *value, const char *key)
{
	json_t *e;
	size_t i;
	int err = 0;

	if (json_is_object(value))
		return mask_object(m, value, key);
	json_array_foreach (value, i, e) {
		if (json_is_string(e))
			err = json_array_set_new(
				value, i, masked_value(m, json_string_value(e), policy_of(key)));
		else
			err = mask_member(m, e, key);
		if (err)
			return -ENOMEM;
	}
	return 0;
}

static int mask_object(const struct rz_mask *m, json_t *o, const char *object_key)
{
	json_t *value, *masked = json_object();
	const char *key;
	void *next;
	int err = masked ? 0 : -ENOMEM;

	json_object_foreach_safe(o, next, key, value)
	{
		_cleanup_free_ char *shown_key = mask(m, key, false);
		json_t *shown = json_is_string(value) ? masked_value(m, json_string_value(value),
								     policy_in(o, object_key, key))
						      : json_incref(value);

		if (!err)
			err = mask_member(m, value, key);
		if (!shown_key || json_object_set_new(masked, shown_key, shown))
			err = -ENOMEM;
	}
	if (!err && (json_object_clear(o) || json_object_update(o, masked)))
		err = -ENOMEM;
	json_decref(masked);
	return err;
}

int rz_mask_json(const struct rz_mask *m, json_t *j)
{
	return mask_member(m, j, NULL);
}
