// SPDX-License-Identifier: Apache-2.0
/* Tables, see table.h. */
#include "out/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libsmartcols.h>

#include "base/cleanup.h"

/* Rows as they were added, the headings first: a text a cell, each with its NUL. */
struct rz_table {
	FILE *f;
	size_t columns, n;
	size_t *widths;	     /* of each column */
	const char **colors; /* of each row */
	char *text;
	size_t used, room, rows_room;
	bool is_plain; /* no cell has anything but printable ASCII, or what looks like an escape */
};

static void table_free(struct rz_table *t)
{
	free(t->widths);
	free(t->colors);
	free(t->text);
	free(t);
}

/* Room for another row, and for `size` bytes of text. */
static int make_room(struct rz_table *t, size_t size)
{
	size_t room = t->room * 2 + size + 1024;
	void *p;

	if (t->n == t->rows_room) {
		p = reallocarray(t->colors, t->rows_room * 2 + 64, sizeof(*t->colors));
		if (!p)
			return -ENOMEM;
		t->colors = p;
		t->rows_room = t->rows_room * 2 + 64;
	}
	if (t->room - t->used >= size)
		return 0;
	p = realloc(t->text, room);
	if (!p)
		return -ENOMEM;
	t->text = p;
	t->room = room;
	return 0;
}

/* Would smartcols print this text as it is? */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~' || (*s == '\\' && s[1] == 'x'))
			return false;
	return true;
}

int rz_table_add(struct rz_table *t, const char *const *cells, const char *color)
{
	size_t i, len, size = 0;

	for (i = 0; i < t->columns; i++)
		size += (cells[i] ? strlen(cells[i]) : 0) + 2;
	if (make_room(t, size))
		return -ENOMEM;
	for (i = 0; i < t->columns; i++) {
		const char *cell = cells[i] && *cells[i] ? cells[i] : "-";

		len = strlen(cell);
		memcpy(t->text + t->used, cell, len + 1);
		t->used += len + 1;
		if (len > t->widths[i])
			t->widths[i] = len;
		t->is_plain &= is_plain(cell);
	}
	t->colors[t->n++] = color;
	return 0;
}

int rz_table_new(FILE *f, const char *const *columns, struct rz_table **ret)
{
	struct rz_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->f = f;
	t->is_plain = true;
	while (columns[t->columns])
		t->columns++;
	t->widths = calloc(t->columns + 1, sizeof(*t->widths));
	if (!t->widths || rz_table_add(t, columns, NULL)) {
		table_free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

/* By libsmartcols, which knows terminals, and escapes what they must not get. */
static int print_by_smartcols(const struct rz_table *t)
{
	const char *no_color = getenv("NO_COLOR"), *cell = t->text;
	bool colors = isatty(fileno(t->f)) && !(no_color && *no_color);
	struct libscols_table *scols = scols_new_table();
	struct libscols_line *line;
	size_t row, i;
	int err = scols ? 0 : -ENOMEM;

	if (err)
		return err;
	scols_table_set_stream(scols, t->f);
	scols_table_enable_colors(scols, colors);
	for (i = 0; i < t->columns; i++, cell += strlen(cell) + 1)
		err = err || !scols_table_new_column(scols, cell, 0, 0) ? -ENOMEM : 0;
	for (row = 1; row < t->n && !err; row++) {
		line = scols_table_new_line(scols, NULL);
		err = line ? 0 : -ENOMEM;
		for (i = 0; i < t->columns && !err; i++, cell += strlen(cell) + 1)
			err = scols_line_set_data(line, i, cell) ? -ENOMEM : 0;
		if (!err && colors && t->colors[row])
			scols_line_set_color(line, t->colors[row]);
	}
	err = err ? err : scols_print_table(scols);
	scols_unref_table(scols);
	return err;
}

/* The same text, for no terminal and without anything to escape: of a hundred thousand rows
 * libsmartcols takes most of the time. The last column is not filled up. */
static int print_plain(const struct rz_table *t)
{
	const char *cell = t->text;
	size_t row, i, len, width = 1; /* a newline, where there is no column */
	char *line, *at;

	for (i = 0; i < t->columns; i++)
		width += t->widths[i] + 1;
	line = malloc(width);
	if (!line)
		return -ENOMEM;
	for (row = 0; row < t->n; row++) {
		for (i = 0, at = line; i < t->columns; i++, cell += len + 1) {
			len = strlen(cell);
			memcpy(at, cell, len);
			memset(at + len, ' ', t->widths[i] - len + 1);
			at += i + 1 < t->columns ? t->widths[i] + 1 : len;
		}
		*at++ = '\n';
		fwrite(line, 1, (size_t)(at - line), t->f);
	}
	free(line);
	return 0;
}

int rz_table_end(struct rz_table *t)
{
	bool by_hand = t->is_plain && t->n > 1 && !isatty(fileno(t->f));
	int err = by_hand ? print_plain(t) : print_by_smartcols(t);

	table_free(t);
	return err;
}

void rz_table_line(FILE *f, const char *label, const char *fmt, ...)
{
	va_list ap;

	fprintf(f, "%-12s ", label);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	putc('\n', f);
}

void rz_table_bytes(char *dst, size_t size, uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	double v = (double)bytes;
	int u = 0;

	for (; v >= 1024; u++)
		v /= 1024;
	snprintf(dst, size, u ? "%.1f%c" : "%.0f%c", v, units[u]);
}

void rz_table_age(char *dst, size_t size, double seconds)
{
	unsigned long s = (unsigned long)seconds;

	if (s < 60)
		snprintf(dst, size, "%lus", s);
	else if (s < 3600)
		snprintf(dst, size, "%lum%lus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(dst, size, "%luh%lum", s / 3600, s % 3600 / 60);
	else
		snprintf(dst, size, "%lud%luh", s / 86400, s % 86400 / 3600);
}

#define CELLS_MAX 28

static const char *const short_columns[] = {"CLIENT",	 "CLIENT ZONE", "AGENT",     "AGENT ZONE",
					    "LOCALITY",	 "KIND",	"AGE",	     "FROM CLIENT",
					    "TO CLIENT", "VERDICT",	"CLIENT ID", NULL};
static const char *const wide_columns[] = {
	"CLIENT",      "CLIENT ZONE", "AGENT",	  "AGENT ZONE", "LOCALITY", "KIND",	"AGE",
	"FROM CLIENT", "TO CLIENT",   "VERDICT",  "HOME BY",	"STATE",    "PROTOCOL", "GROUP",
	"DIALECT",     "OPT-IN",      "REQUESTS", "METADATA",	"SOFTWARE", "KNOWN BY", "PROXY",
	"NETNS",       "COOKIE",      "SESSION",  "CLIENT ID",	NULL};

static const char *color_of(const struct rz_conn_row *r)
{
	if (r->verdict.locality == RZ_LOCALITY_SAME)
		return "green";
	if (r->verdict.locality == RZ_LOCALITY_CROSS)
		return r->move ? "red" : "yellow";
	return NULL;
}

/* "move", "keep: no agent there", in mode observe "would move: over budget"; of a parked one "keep:
 * same zone (parked)": all else of the row but its zones and bytes may be old */
static void verdict_text(const struct rz_conn_row *r, char *dst, size_t size)
{
	if (r->would_move) {
		snprintf(dst, size, "would move: %s", rz_reason_name(r->reason));
		return;
	}
	if (r->move && r->phase)
		snprintf(dst, size, "move: %s", r->phase);
	else if (r->move)
		snprintf(dst, size, "move");
	else
		snprintf(dst, size, "keep: %s%s", rz_reason_name(r->reason),
			 r->parked_s >= 0 && r->reason != RZ_REASON_PARKED ? " (parked)" : "");
}

/* What it is used for; of one that speaks no Kafka, what it speaks. */
static const char *kind_text(const struct rz_conn_row *r)
{
	const struct rz_frame *f = &r->conn->frame;

	if (f->state == RZ_STATE_MPTCP)
		return rz_state_name(f->state);
	if (f->protocol > RZ_PROTOCOL_KAFKA)
		return rz_protocol_name(f->protocol);
	return rz_kind_name(r->verdict.kind);
}

/* "in 4m10s": its library is to have brought it home by then; "1m2s ago": and has not. */
static void expected_text(const struct rz_conn_row *r, char *dst, size_t size)
{
	char span[32];
	bool late = r->expected_s < 0;

	if (!r->verdict.expected_ns)
		return;
	rz_table_age(span, sizeof(span), late ? -r->expected_s : r->expected_s);
	snprintf(dst, size, late ? "%s ago" : "in %s", span);
}

static int add_conn(struct rz_table *t, const struct rz_conn_row *r, bool wide)
{
	char age[32], rx[16], tx[16], verdict[64], requests[16], netns[16], cookie[24];
	char metadata[40] = "", expected[40] = "",
	     software[RZ_CONN_LIBRARY + RZ_SOFTWARE_SIZE + 1] = "";
	const char *cells[CELLS_MAX] = {r->client_at,
					r->verdict.client_zone,
					r->agent_at,
					r->verdict.agent_zone,
					rz_locality_name(r->verdict.locality),
					kind_text(r),
					age,
					rx,
					tx,
					verdict};
	const struct rz_client *c = r->client;
	size_t n = 10;

	rz_table_age(age, sizeof(age), r->age_s);
	rz_table_bytes(rx, sizeof(rx), r->conn->rx_bytes);
	rz_table_bytes(tx, sizeof(tx), r->conn->tx_bytes);
	verdict_text(r, verdict, sizeof(verdict));
	if (wide) {
		snprintf(requests, sizeof(requests), "%u", r->conn->frame.requests);
		snprintf(netns, sizeof(netns), "%u", r->conn->netns);
		snprintf(cookie, sizeof(cookie), "%llu", (unsigned long long)r->conn->cookie);
		if (r->metadata_age_s >= 0)
			rz_table_age(metadata, sizeof(metadata), r->metadata_age_s);
		snprintf(software, sizeof(software), "%s%s%s", r->library,
			 *r->library_version ? " " : "", r->library_version);
		expected_text(r, expected, sizeof(expected));
		cells[n++] = expected;
		cells[n++] = rz_state_name(r->conn->frame.state);
		cells[n++] =
			r->conn->frame.protocol ? rz_protocol_name(r->conn->frame.protocol) : NULL;
		cells[n++] = r->verdict.group;
		cells[n++] = c ? rz_dialect_name(c->dialect) : NULL;
		cells[n++] = c ? (c->opt_in ? "yes" : "no") : NULL;
		cells[n++] = requests;
		cells[n++] = metadata;
		cells[n++] = software;
		cells[n++] = rz_known_by_name(r->verdict.known_by);
		cells[n++] = r->proxy_at;
		cells[n++] = netns;
		cells[n++] = cookie;
		cells[n++] = c ? c->session_id : NULL;
	}
	cells[n] = c && !c->is_null ? c->id : NULL;
	return rz_table_add(t, cells, color_of(r));
}

int rz_table_conns(FILE *f, const struct rz_conn_row *rows, size_t n, bool wide)
{
	struct rz_table *t;
	size_t i;
	int err = rz_table_new(f, wide ? wide_columns : short_columns, &t);

	if (err)
		return err;
	for (i = 0; i < n && !err; i++)
		err = add_conn(t, &rows[i], wide);
	return rz_table_end(t) || err ? -ENOMEM : 0;
}

/* "; 3 under TLS, 2 cross zone with 41.7 % of the cross-zone bytes" */
static void print_tls(FILE *f, const struct rz_conn_totals *t)
{
	if (!t->tls)
		return;
	fprintf(f, "; %zu under TLS", t->tls);
	if (t->tls_cross && t->cross_bytes)
		fprintf(f, ", %zu cross zone with %.1f %% of the cross-zone bytes", t->tls_cross,
			100.0 * (double)t->tls_cross_bytes / (double)t->cross_bytes);
}

void rz_table_totals(FILE *f, const struct rz_conn_totals *t)
{
	char age[32];

	fprintf(f, "%zu connections: %zu same zone, %zu cross zone, %zu unknown", t->all,
		t->localities[RZ_LOCALITY_SAME], t->localities[RZ_LOCALITY_CROSS],
		t->localities[RZ_LOCALITY_UNKNOWN]);
	if (t->unidentified) {
		rz_table_age(age, sizeof(age), t->unidentified_s);
		fprintf(f, "; %zu not identified, the oldest for %s", t->unidentified, age);
	}
	print_tls(f, t);
	if (t->parked)
		fprintf(f, "; %zu parked", t->parked);
	if (t->moving)
		fprintf(f, "; %zu being moved", t->moving);
	if (t->moved)
		fprintf(f, "; %zu moved in the last minute", t->moved);
	if (t->shown != t->all)
		fprintf(f, "; %zu shown", t->shown);
	fputc('\n', f);
}

void rz_table_way(FILE *f, const struct rz_status *s, bool wide)
{
	if (s->started_ns && s->way == RZ_WAY_NONE)
		fputs("observing: this kernel can reset no connection (rezone check has more)\n",
		      f);
	else if (s->way == RZ_WAY_NETLINK && wide)
		fputs("resets go by SOCK_DESTROY: the last check is a moment before the reset\n",
		      f);
}

void rz_table_next(FILE *f, size_t n)
{
	if (n)
		fprintf(f,
			"the next connection of %zu clients is waited for (rezone status -o wide "
			"has them)\n",
			n);
}

void rz_table_pause(FILE *f, const struct rz_pause *pause, const struct rz_settings *s)
{
	char text[RZ_PAUSE_TEXT + 160];

	if (s->paused)
		fputs("paused: nobody is moved, by the settings (--paused)\n", f);
	if (!pause)
		return;
	rz_pause_format(text, sizeof(text), pause);
	fprintf(f, "paused: nobody is moved, %s\n", text);
}
