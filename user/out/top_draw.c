// SPDX-License-Identifier: Apache-2.0
/*
 * The screen of `rezone top`, see top_draw.h. All text in a frame is printable ASCII already
 * (base/str.h), so a byte is a column.
 */
#include "out/top_draw.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "out/table.h"
#include "policy/reason.h"

#define LEAST_WIDTH  40
#define LEAST_HEIGHT 10
#define LINE	     512
#define CELL	     15 /* columns of the matrix */
#define BATCH_EVENTS 10

enum style { PLAIN, BOLD, TITLE, DIM, GREEN, YELLOW, RED, SELECTED };
static const char *const codes[] = {"", "1", "7", "2", "32", "33", "31", "7"};

struct canvas {
	FILE *f;
	const struct rz_top_screen *screen;
	size_t lines; /* drawn so far */
};

/* Are there lines left, beside so many that are kept for others? */
static bool has_room(const struct canvas *c, size_t kept)
{
	return !c->screen->height || c->lines + kept < c->screen->height;
}

/* One line, cut at the screen's width. */
static void __attribute__((format(printf, 3, 4)))
put(struct canvas *c, enum style style, const char *fmt, ...)
{
	bool styled = c->screen->colors && *codes[style];
	char text[LINE];
	va_list ap;

	if (!has_room(c, 0))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (c->screen->ansi && c->lines)
		fputs("\r\n", c->f);
	if (styled)
		fprintf(c->f, "\033[%sm", codes[style]);
	fprintf(c->f, "%.*s", (int)c->screen->width, text);
	if (styled)
		fputs("\033[0m", c->f);
	fputs(c->screen->ansi ? "\033[K" : "\n", c->f);
	c->lines++;
}

/* ---- head ---- */

static void draw_head(struct canvas *c, const struct rz_top_frame *t, const struct rz_top_state *s)
{
	const struct rz_conn_totals *n = &t->totals;
	char time[RZ_TIME_TEXT], up[32] = "not running", left[LINE];
	size_t width = c->screen->width > LINE / 2 ? LINE / 2 : c->screen->width;
	char right[48];

	rz_time_format(time, t->wall_ns);
	if (t->running_s >= 0)
		rz_table_age(up, sizeof(up), t->running_s);
	snprintf(left, sizeof(left), "rezone top  %.60s  %s  zone %.32s  %s%s", t->node,
		 rz_mode_name(t->mode), *t->own_zone ? t->own_zone : "?",
		 t->running_s >= 0 ? "up " : "", up);
	snprintf(right, sizeof(right), "%s%.8s UTC", s->frozen ? "FROZEN " : "", time + 11);
	if (strlen(left) + strlen(right) + 1 < width)
		put(c, TITLE, "%-*s%s", (int)(width - strlen(right)), left, right);
	else
		put(c, TITLE, "%s  %s", right, left);
	put(c, PLAIN, "connections %zu: %zu same zone, %zu cross zone, %zu unknown", n->all,
	    n->localities[RZ_LOCALITY_SAME], n->localities[RZ_LOCALITY_CROSS],
	    n->localities[RZ_LOCALITY_UNKNOWN]);
	put(c, *t->why ? YELLOW : GREEN, "would move %zu, moving %zu, moved %llu; %s",
	    n->would_move, n->moving, (unsigned long long)t->moved, *t->why ? t->why : "healthy");
}

/* ---- zones ---- */

static void rate_text(const struct rz_top_frame *t, double bytes_s, char *dst, size_t size)
{
	char bytes[24] = "-";

	if (t->span_s > 0)
		rz_table_bytes(bytes, sizeof(bytes), (uint64_t)bytes_s);
	snprintf(dst, size, "%s%s", bytes, t->span_s > 0 ? "/s" : "");
}

static const char *zone_text(const char *zone)
{
	return *zone ? zone : "unknown";
}

/* The zones of agents, each once, in order. Points into the frame. */
static size_t agent_zones(const struct rz_top_frame *t, const char **ret, size_t room)
{
	size_t i, k, n = 0;

	for (i = 0; i < t->n_zones; i++) {
		const char *zone = t->zones[i].agent_zone;

		for (k = 0; k < n && strcmp(ret[k], zone) < 0; k++)
			;
		if ((k < n && !strcmp(ret[k], zone)) || k == room)
			continue;
		if (n == room)
			n--; /* the last one makes room */
		memmove(&ret[k + 1], &ret[k], (n - k) * sizeof(*ret));
		ret[k] = zone;
		n++;
	}
	return n;
}

static void zone_row(struct canvas *c, const struct rz_top_frame *t, size_t from, size_t to,
		     const char *const *columns, size_t n)
{
	char line[LINE], rate[32], cell[48];
	size_t i, k, used;

	used = (size_t)snprintf(line, sizeof(line), "%-*.*s", CELL, CELL - 1,
				zone_text(t->zones[from].client_zone));
	for (k = 0; k < n && used + CELL < sizeof(line); k++) {
		for (i = from; i < to && strcmp(t->zones[i].agent_zone, columns[k]); i++)
			;
		cell[0] = 0;
		if (i < to) {
			rate_text(t, t->zones[i].rx_rate + t->zones[i].tx_rate, rate, sizeof(rate));
			snprintf(cell, sizeof(cell), "%s (%zu)", rate, t->zones[i].conns);
		}
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%*.*s", CELL, CELL - 1,
					 i < to ? cell : ".");
	}
	put(c, PLAIN, "%s", line);
}

/* A row a client zone, a column an agent zone: bytes a second in both directions (connections). */
static void draw_zones(struct canvas *c, const struct rz_top_frame *t)
{
	const char *columns[24];
	size_t fit = c->screen->width / CELL - 1, n, i, to, used, most, rows = 0;
	char line[LINE];

	n = agent_zones(t, columns, fit < 24 ? fit : 24);
	most = c->screen->height ? c->screen->height / 6 : t->n_zones;
	used = (size_t)snprintf(line, sizeof(line), "%-*s", CELL, "CLIENT\\AGENT");
	for (i = 0; i < n && used + CELL < sizeof(line); i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%*.*s", CELL, CELL - 1,
					 zone_text(columns[i]));
	put(c, PLAIN, "%s", "");
	put(c, BOLD, "%s", line);
	for (i = 0; i < t->n_zones; i = to, rows++) {
		for (to = i + 1;
		     to < t->n_zones && !strcmp(t->zones[to].client_zone, t->zones[i].client_zone);
		     to++)
			;
		if (rows == most) {
			put(c, DIM, "... more zones: rezone traffic");
			return;
		}
		zone_row(c, t, i, to, columns, n);
	}
	if (!t->n_zones)
		put(c, DIM, "no connections");
}

/* ---- clients ---- */

static void client_line(struct canvas *c, const struct rz_top_frame *t,
			const struct rz_top_client *r, bool selected)
{
	int id_room = c->screen->width > 100 ? (int)c->screen->width / 2 - 26 : 22;
	char zones[2 * RZ_ZONE_SHOWN + 8], rx[32], tx[32], why[64];

	rate_text(t, r->rx_rate, rx, sizeof(rx));
	rate_text(t, r->tx_rate, tx, sizeof(tx));
	snprintf(zones, sizeof(zones), "%s -> %s", *r->client_zone ? r->client_zone : "?",
		 *r->agent_zone ? r->agent_zone : "?");
	if (r->moving)
		snprintf(why, sizeof(why), "moving %zu", r->moving);
	else
		snprintf(why, sizeof(why), "%s",
			 r->move ? "would move" : rz_reason_name(r->reason));
	put(c,
	    selected	? SELECTED
	    : r->moving ? GREEN
			: PLAIN,
	    "%c %-*.*s %-12.24s %5zu %9s %9s %s", selected ? '>' : ' ', id_room, id_room,
	    *r->id ? r->id : "(not known)", zones, r->conns, rx, tx, why);
}

/* `kept`: lines for others below. */
static const struct rz_top_client *draw_clients(struct canvas *c, const struct rz_top_frame *t,
						struct rz_top_state *s, size_t kept)
{
	const struct rz_top_client **shown = calloc(t->n_clients + 1, sizeof(*shown)), *selected;
	int id_room = c->screen->width > 100 ? (int)c->screen->width / 2 - 26 : 22;
	size_t i, n = 0, from, room = SIZE_MAX;

	for (i = 0; shown && i < t->n_clients; i++)
		if (rz_top_shows(&t->clients[i], s->filter, !s->all))
			shown[n++] = &t->clients[i];
	put(c, PLAIN, "%s", "");
	put(c, BOLD, "  %-*s %-12s %5s %9s %9s %s", id_room,
	    s->all ? "CLIENT ID" : "CROSS-ZONE CLIENT", "ZONES", "CONNS", "FROM", "TO", "WHY");
	if (c->screen->height)
		room = c->lines + kept < c->screen->height ? c->screen->height - c->lines - kept
							   : 0;
	if (n && s->selected >= n)
		s->selected = n - 1;
	from = s->selected >= room && room ? s->selected - room + 1 : 0;
	for (i = from; i < n && i - from < room; i++)
		client_line(c, t, shown[i], c->screen->ansi && i == s->selected);
	if (!n)
		put(c, DIM, "  none%s%s", *s->filter ? " whose id has " : "", s->filter);
	selected = n ? shown[s->selected] : NULL;
	free(shown);
	return selected;
}

/* ---- moves ---- */

static void event_line(struct canvas *c, const struct rz_event *e)
{
	char time[RZ_TIME_TEXT];
	enum style style = e->type == RZ_EVENT_MOVE ? GREEN
			   : e->type == RZ_EVENT_OUTCOME && e->outcome == RZ_OUTCOME_RETURNED ? RED
			   : e->type == RZ_EVENT_LET_GO || e->type == RZ_EVENT_REFUSED ? YELLOW
										       : PLAIN;

	rz_time_format(time, e->time_ns);
	put(c, style, "%.8s %-9s %.12s -> %.12s %.*s: %s", time + 11, rz_event_name(e->type),
	    *e->from_zone ? e->from_zone : "?", *e->to_zone ? e->to_zone : "?",
	    c->screen->width > 100 ? 48 : 20, e->client_id, e->text);
}

static size_t event_lines(const struct canvas *c, const struct rz_top_frame *t)
{
	size_t most = c->screen->height ? c->screen->height / 5 : BATCH_EVENTS;

	return t->n_events < most ? t->n_events : most;
}

static void draw_events(struct canvas *c, const struct rz_top_frame *t)
{
	size_t n = event_lines(c, t), i;

	put(c, BOLD, "MOVES%s", t->n_events ? "" : ": none yet");
	for (i = t->n_events - n; i < t->n_events; i++)
		event_line(c, &t->events[i]);
}

static void draw_keys(struct canvas *c, const struct rz_top_state *s)
{
	while (has_room(c, 1))
		put(c, PLAIN, "%s", "");
	if (s->page == RZ_TOP_PAGE_FILTER)
		put(c, BOLD, "show ids with: %s_   Enter: keep, Esc: all", s->filter);
	else
		put(c, DIM, "q quit  s by %s  / filter%s%s  a %s  space %s  Enter explain  ? help",
		    rz_top_sort_words[s->sort], *s->filter ? ": " : "", s->filter,
		    s->all ? "cross" : "all", s->frozen ? "go on" : "freeze");
}

static const struct rz_top_client *draw_main(struct canvas *c, const struct rz_top_frame *t,
					     struct rz_top_state *s)
{
	const struct rz_top_client *selected;

	draw_head(c, t, s);
	draw_zones(c, t);
	/* below the clients: a blank, a title, the events, the keys */
	selected = draw_clients(c, t, s, 3 + event_lines(c, t));
	put(c, PLAIN, "%s", "");
	draw_events(c, t);
	if (c->screen->height)
		draw_keys(c, s);
	return selected;
}

/* ---- pages of text ---- */

static const char help_text[] =
	"q          quit\n"
	"s          sort clients by rate, bytes, connections, id\n"
	"/          show only ids with this text, or like this pattern (app-*)\n"
	"a          all clients, or only those across zones\n"
	"space      freeze the screen; again: go on\n"
	"up, down   select a client (also k, j, page up, page down)\n"
	"Enter, e   explain why its busiest connection is moved or kept\n"
	"\n"
	"The matrix has bytes a second in both directions, and connections, by the\n"
	"client's zone (rows) and the agent's (columns). FROM and TO are from and to\n"
	"the clients, as of their latest request; of parked connections, whose requests\n"
	"are not read, as of the latest tick. A client is a client.id between two\n"
	"zones; WHY is of its busiest connection.\n"
	"\n"
	"Any key: back";

static void draw_text(struct canvas *c, struct rz_top_state *s, const char *text)
{
	size_t skipped = 0, len, lines = 1,
	       room = c->screen->height > 1 ? c->screen->height - 1 : 1;
	const char *at;

	for (at = text; (at = strchr(at, '\n')); at++)
		lines++;
	if (s->scroll + room > lines)
		s->scroll = lines > room ? lines - room : 0;
	for (at = text; has_room(c, 1) && *at; at += len + (at[len] == '\n')) {
		len = strcspn(at, "\n");
		if (skipped++ >= s->scroll)
			put(c, PLAIN, "%.*s", (int)len, at);
	}
	while (has_room(c, 1))
		put(c, PLAIN, "%s", "");
	put(c, DIM, "%s",
	    lines > room ? "up, down, space: more; any other key: back" : "any key: back");
}

const struct rz_top_client *rz_top_draw(FILE *f, const struct rz_top_screen *screen,
					const struct rz_top_frame *t, struct rz_top_state *s,
					const char *text)
{
	struct canvas c = {f, screen, 0};
	const struct rz_top_client *selected = NULL;

	if (screen->ansi)
		fputs("\033[H", f);
	if (screen->width < LEAST_WIDTH || (screen->height && screen->height < LEAST_HEIGHT))
		put(&c, PLAIN, "at least %dx%d", LEAST_WIDTH, LEAST_HEIGHT);
	else if (s->page == RZ_TOP_PAGE_TEXT)
		draw_text(&c, s, text ?: "");
	else if (s->page == RZ_TOP_PAGE_HELP)
		draw_text(&c, s, help_text);
	else
		selected = draw_main(&c, t, s);
	if (screen->ansi)
		fputs("\033[J", f);
	return selected;
}
