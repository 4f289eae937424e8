// SPDX-License-Identifier: Apache-2.0
/* Keys, see top_keys.h. */
#include "out/top_keys.h"

#include <string.h>

#define ESCAPE	  0x1b
#define BACKSPACE 0x7f

enum key { KEY_UP = 256, KEY_DOWN, KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_HOME, KEY_OTHER };

/* Sequences of VT100 and its successors; both forms of the arrows. */
static const struct {
	const char *bytes;
	int key;
} sequences[] = {
	{"\033[A", KEY_UP},   {"\033OA", KEY_UP},	{"\033[B", KEY_DOWN},
	{"\033OB", KEY_DOWN}, {"\033[5~", KEY_PAGE_UP}, {"\033[6~", KEY_PAGE_DOWN},
	{"\033[H", KEY_HOME}, {"\033[1~", KEY_HOME},	{"\033OH", KEY_HOME},
};

/* The first key; *used is how many bytes it has. */
static int next(const char *bytes, size_t len, size_t *used)
{
	size_t i;

	*used = 1;
	if (bytes[0] != ESCAPE || len == 1)
		return (unsigned char)bytes[0];
	for (i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		*used = strlen(sequences[i].bytes);
		if (*used <= len && !memcmp(sequences[i].bytes, bytes, *used))
			return sequences[i].key;
	}
	/* a key that means nothing here: up to its final byte */
	*used = 2;
	if (bytes[1] == '[' || bytes[1] == 'O') {
		while (*used < len && bytes[*used] < 0x40)
			(*used)++;
		*used += *used < len;
	}
	return KEY_OTHER;
}

static void move(size_t *at, int key)
{
	size_t by = key == KEY_PAGE_UP || key == KEY_PAGE_DOWN ? 10 : 1;

	if (key == KEY_HOME)
		*at = 0;
	else if (key == KEY_UP || key == KEY_PAGE_UP || key == 'k')
		*at = *at > by ? *at - by : 0;
	else
		*at += by;
}

static void type(struct rz_top_state *s, int key)
{
	size_t len = strlen(s->filter);

	if (key == '\r' || key == '\n') {
		s->page = RZ_TOP_PAGE_MAIN;
	} else if (key == ESCAPE) {
		s->filter[0] = 0;
		s->page = RZ_TOP_PAGE_MAIN;
	} else if ((key == BACKSPACE || key == '\b') && len) {
		s->filter[len - 1] = 0;
	} else if (key >= ' ' && key < BACKSPACE && len + 1 < sizeof(s->filter)) {
		s->filter[len] = (char)key;
		s->filter[len + 1] = 0;
	}
	s->selected = 0;
}

static bool is_move(int key)
{
	return (key >= KEY_UP && key <= KEY_HOME) || key == 'j' || key == 'k';
}

static enum rz_top_wish main_key(struct rz_top_state *s, int key)
{
	switch (key) {
	case 'q':
		return RZ_TOP_QUIT;
	case ' ':
	case 'p':
		s->frozen = !s->frozen;
		break;
	case 's':
		s->sort = (s->sort + 1) % RZ_TOP_SORT_COUNT;
		break;
	case 'a':
		s->all = !s->all;
		s->selected = 0;
		break;
	case '/':
	case 'f':
		s->page = RZ_TOP_PAGE_FILTER;
		break;
	case 'h':
	case '?':
		s->page = RZ_TOP_PAGE_HELP;
		break;
	case 'e':
	case '\r':
	case '\n':
		s->page = RZ_TOP_PAGE_TEXT;
		s->scroll = 0;
		return RZ_TOP_EXPLAIN;
	default:
		if (is_move(key))
			move(&s->selected, key);
	}
	return RZ_TOP_REDRAW;
}

static enum rz_top_wish key_on(struct rz_top_state *s, int key)
{
	switch (s->page) {
	case RZ_TOP_PAGE_FILTER:
		type(s, key);
		return RZ_TOP_REDRAW;
	case RZ_TOP_PAGE_TEXT:
		if (is_move(key) || key == ' ')
			move(&s->scroll, key == ' ' ? KEY_PAGE_DOWN : key);
		else
			s->page = RZ_TOP_PAGE_MAIN;
		return RZ_TOP_REDRAW;
	case RZ_TOP_PAGE_HELP:
		s->page = RZ_TOP_PAGE_MAIN;
		return RZ_TOP_REDRAW;
	default:
		return main_key(s, key);
	}
}

enum rz_top_wish rz_top_keys(struct rz_top_state *s, const char *bytes, size_t len)
{
	enum rz_top_wish wish = RZ_TOP_REDRAW, w;
	size_t at = 0, used;
	int key;

	while (at < len && wish != RZ_TOP_QUIT) {
		key = next(bytes + at, len - at, &used);
		at += used;
		w = key_on(s, key);
		if (w != RZ_TOP_REDRAW)
			wish = w;
	}
	/* closed again by the next key */
	return wish == RZ_TOP_EXPLAIN && s->page != RZ_TOP_PAGE_TEXT ? RZ_TOP_REDRAW : wish;
}
