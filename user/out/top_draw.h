/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The screen of `rezone top`: plain text and the few ANSI sequences that every terminal has; no
 * terminfo is needed. Pure.
 *
 * Comes in: a frame, the view's state, the size of the screen. Goes out: text. Called by cmd/top.c.
 */
#ifndef RZ_OUT_TOP_DRAW_H
#define RZ_OUT_TOP_DRAW_H

#include "out/top_keys.h"

struct rz_top_screen {
	size_t width, height; /* height 0: as many lines as are needed, without the keys (batch) */
	bool ansi;	      /* cursor and erase sequences; else plain lines */
	bool colors;
};

/* Draws all of it. `text`: what the text page shows, NULL: nothing. Selection and scroll of `s` are
 * put within what there is. Returns the client that is selected, NULL: none is shown. */
const struct rz_top_client *rz_top_draw(FILE *f, const struct rz_top_screen *screen,
					const struct rz_top_frame *t, struct rz_top_state *s,
					const char *text);

#endif
