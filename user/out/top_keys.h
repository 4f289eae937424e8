/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keys of `rezone top` do: pure, so that each can be tried without a terminal.
 *
 * Comes in: bytes from the terminal. Goes out: how the view is to be. Called by cmd/top.c; drawn by
 * out/top_draw.c.
 */
#ifndef RZ_OUT_TOP_KEYS_H
#define RZ_OUT_TOP_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "out/top.h"

enum rz_top_page {
	RZ_TOP_PAGE_MAIN,
	RZ_TOP_PAGE_FILTER, /* as MAIN; what is typed is the filter */
	RZ_TOP_PAGE_TEXT,   /* an explanation */
	RZ_TOP_PAGE_HELP,
};

enum rz_top_wish {
	RZ_TOP_REDRAW,
	RZ_TOP_QUIT,
	RZ_TOP_EXPLAIN, /* the selected client */
};

struct rz_top_state {
	enum rz_top_page page;
	enum rz_top_sort sort;
	bool all;    /* not only clients across zones */
	bool frozen; /* nothing is read */
	char filter[64];
	size_t selected; /* among the clients that are shown; the drawing keeps it within them */
	size_t scroll;	 /* of the text, in lines; likewise */
};

/* Takes `len` bytes as they were read. A key that comes in pieces (an arrow) is expected in one
 * read, as terminals send it; a lone ESC is the key Escape. */
enum rz_top_wish rz_top_keys(struct rz_top_state *s, const char *bytes, size_t len);

#endif
