// SPDX-License-Identifier: Apache-2.0
/* user/out/top.c, top_draw.c: rates from two looks, and what fits on a screen. Keys:
 * test_top_keys.c. */
#include "golden.h"
#include "printed.h"
#include "unit.h"

#include "out/top_draw.h"

enum { ROWS = 6 };
#define TICK_NS (10 * SECOND_NS)
static struct rz_conn conns[ROWS];
static struct rz_client clients[ROWS];
static struct rz_conn_row rows[ROWS];
static struct rz_top_counts counts;
static struct rz_top_frame frame;

static void row(size_t i, const char *id, const char *client_zone, const char *agent_zone,
		uint64_t rx)
{
	bool cross = strcmp(client_zone, agent_zone);

	conns[i] = (struct rz_conn){.cookie = 100 - i, .rx_bytes = rx, .tx_bytes = 2 * rx};
	snprintf(clients[i].id, sizeof(clients[i].id), "%s", id);
	rows[i] = (struct rz_conn_row){
		.conn = &conns[i],
		.client = &clients[i],
		.parked_s = -1,
		.reason = cross ? RZ_REASON_NO_AGENT_THERE : RZ_REASON_SAME_ZONE,
		.verdict = {.client_zone = client_zone,
			    .agent_zone = agent_zone,
			    .locality = cross ? RZ_LOCALITY_CROSS : RZ_LOCALITY_SAME}};
}

static int begin(void **state)
{
	(void)state;
	counts = (struct rz_top_counts){};
	frame = (struct rz_top_frame){.running_s = 65};
	row(0, "orders", "b", "a", 1000);
	row(1, "orders", "b", "a", 5000);
	row(2, "orders", "c", "a", 10);
	row(3, "home", "a", "a", 9000);
	row(4, "bulk-1", "b", "a", 100);
	row(5, "bulk-2", "b", "a", 200);
	return rz_top_add_up(rows, ROWS, 1 * SECOND_NS, TICK_NS, &counts, &frame);
}

static int end(void **state)
{
	(void)state;
	rz_top_counts_free(&counts);
	rz_top_frame_free(&frame);
	return 0;
}

static const struct rz_top_client *client(const char *id, const char *zone)
{
	size_t i;

	for (i = 0; i < frame.n_clients; i++)
		if (!strcmp(frame.clients[i].id, id) && !strcmp(frame.clients[i].client_zone, zone))
			return &frame.clients[i];
	fail_msg("no client %s of zone %s", id, zone);
	return NULL;
}

static void look_again(uint64_t after_ns)
{
	assert_int_equal(rz_top_add_up(rows, ROWS, SECOND_NS + after_ns, TICK_NS, &counts, &frame),
			 0);
}

static void test_clients_are_added_up(void **state)
{
	const struct rz_top_client *c = client("orders", "b");

	(void)state;
	assert_int_equal(frame.n_clients, 5);
	assert_int_equal(c->conns, 2);
	assert_int_equal(c->rx_bytes, 6000);
	assert_int_equal(c->cookie, 99); /* of its busiest */
	assert_int_equal(client("orders", "c")->conns, 1);
	assert_int_equal(frame.n_zones, 3);
}

static void test_rates(void **state)
{
	(void)state;
	assert_true(frame.span_s == 0);
	conns[0].rx_bytes += 3000;
	conns[4].tx_bytes += 500;
	look_again(2 * SECOND_NS);
	assert_true(frame.span_s == 2);
	assert_true(client("orders", "b")->rx_rate == 1500);
	assert_int_equal(client("orders", "b")->cookie, 100); /* the one that carries now */
	assert_true(client("bulk-1", "b")->tx_rate == 250);
	assert_true(client("home", "a")->rx_rate == 0);
}

/* A new connection counts with all that it has carried; one that closed, with nothing. */
static void test_rates_of_new_connections(void **state)
{
	(void)state;
	conns[4].cookie = 7777;
	conns[4].rx_bytes = 4000;
	conns[5].rx_bytes = 100; /* less than before */
	look_again(SECOND_NS);
	assert_true(client("bulk-1", "b")->rx_rate == 4000);
	assert_true(client("bulk-2", "b")->rx_rate == 0);
}

/* The daemon reads a parked connection at each tick: its rate is that between two ticks. */
static void test_rates_of_parked_connections(void **state)
{
	(void)state;
	rows[3].parked_s = 1;
	conns[3].last_request_ns = SECOND_NS;
	look_again(2 * SECOND_NS);
	assert_true(client("home", "a")->rx_rate ==
		    0); /* it was read before, and had nothing new */
	conns[3].rx_bytes += 8000;
	conns[3].last_request_ns = 9 * SECOND_NS; /* as of a tick a second ago */
	look_again(9 * SECOND_NS);
	assert_true(client("home", "a")->rx_rate == 1000);
	look_again(11 * SECOND_NS); /* no tick in between */
	assert_true(client("home", "a")->rx_rate == 1000);
	conns[3].rx_bytes += 1000;
	conns[3].last_request_ns = 19 * SECOND_NS;
	look_again(19 * SECOND_NS);
	assert_true(client("home", "a")->rx_rate == 100);
	look_again(19 * SECOND_NS + 2 * TICK_NS); /* two ticks, nothing came */
	assert_true(client("home", "a")->rx_rate == 0);
}

/* One that was parked before the first look has the mean of its life until the next tick. */
static void test_rates_of_connections_parked_before(void **state)
{
	(void)state;
	conns[4].cookie = 7777;
	conns[4].rx_bytes = 5000;
	conns[4].opened_ns = SECOND_NS;
	conns[4].last_request_ns = 6 * SECOND_NS;
	rows[4].parked_s = 5;
	look_again(7 * SECOND_NS);
	assert_true(client("bulk-1", "b")->rx_rate == 1000);
	look_again(8 * SECOND_NS);
	assert_true(client("bulk-1", "b")->rx_rate == 1000);
}

static void test_order(void **state)
{
	(void)state;
	rz_top_sort(&frame, RZ_TOP_SORT_BYTES);
	assert_string_equal(frame.clients[0].id, "home");
	rz_top_sort(&frame, RZ_TOP_SORT_CONNECTIONS);
	assert_string_equal(frame.clients[0].id, "orders");
	rz_top_sort(&frame, RZ_TOP_SORT_CLIENT_ID);
	assert_string_equal(frame.clients[0].id, "bulk-1");
	conns[5].rx_bytes += 10;
	look_again(SECOND_NS);
	rz_top_sort(&frame, RZ_TOP_SORT_RATE);
	assert_string_equal(frame.clients[0].id, "bulk-2");
}

static void test_filter(void **state)
{
	(void)state;
	assert_true(rz_top_shows(client("bulk-1", "b"), "", true));
	assert_true(rz_top_shows(client("bulk-1", "b"), "ulk", true));
	assert_true(rz_top_shows(client("bulk-1", "b"), "bulk-*", true));
	assert_false(rz_top_shows(client("bulk-1", "b"), "bulk-2", true));
	assert_false(rz_top_shows(client("home", "a"), "", true));
	assert_true(rz_top_shows(client("home", "a"), "", false));
	rz_top_keep_first(&frame, 2, "bulk-*", true);
	assert_int_equal(frame.n_clients, 2);
}

static void test_events(void **state)
{
	struct rz_event e = {.type = RZ_EVENT_MOVE};
	size_t i;

	(void)state;
	for (i = 1; i <= RZ_TOP_EVENTS + 3; i++) {
		e.seq = i;
		rz_top_add_event(&frame, &e);
	}
	assert_int_equal(frame.n_events, RZ_TOP_EVENTS);
	assert_int_equal(frame.events[0].seq, 4);
	assert_int_equal(frame.events[RZ_TOP_EVENTS - 1].seq, RZ_TOP_EVENTS + 3);
	assert_true(rz_top_tells(RZ_EVENT_HOLD));
	assert_false(rz_top_tells(RZ_EVENT_VERDICT));
}

/* ---- the screen ---- */

static char drawn[65536];

static const struct rz_top_client *draw(size_t width, size_t height, struct rz_top_state *s,
					const char *text)
{
	struct rz_top_screen screen = {.width = width, .height = height, .ansi = height > 0};
	const struct rz_top_client *selected;
	FILE *f;

	memset(drawn, 0, sizeof(drawn));
	f = fmemopen(drawn, sizeof(drawn) - 1, "w");
	selected = rz_top_draw(f, &screen, &frame, s, text);
	fclose(f);
	return selected;
}

/* The screen as a terminal would have it: lines, and the longest of them. */
static size_t lines_of(size_t *ret_longest)
{
	size_t lines = 1, at, len = 0;

	*ret_longest = 0;
	for (at = 0; drawn[at]; at++) {
		if (drawn[at] == '\033') { /* only those without a column */
			while (drawn[at + 1] && !strchr("HKJm", drawn[at + 1]))
				at++;
			at++;
		} else if (drawn[at] == '\n') {
			lines++;
			len = 0;
		} else if (drawn[at] != '\r' && ++len > *ret_longest) {
			*ret_longest = len;
		}
	}
	return lines;
}

static void test_fits(void **state)
{
	static const size_t sizes[][2] = {{80, 24}, {150, 40},	{40, 10},
					  {41, 11}, {300, 100}, {10, 3}};
	struct rz_event e = {.type = RZ_EVENT_OUTCOME, .client_id = "orders", .text = "a text"};
	struct rz_top_state s = {.all = true};
	size_t i, longest;

	(void)state;
	for (i = 0; i < 30; i++)
		rz_top_add_event(&frame, &e);
	snprintf(frame.why, sizeof(frame.why), "paused: by %0300d", 7);
	for (i = 0; i < COUNT(sizes); i++) {
		for (s.page = RZ_TOP_PAGE_MAIN; s.page <= RZ_TOP_PAGE_HELP; s.page++) {
			draw(sizes[i][0], sizes[i][1], &s, "one\ntwo\n");
			assert_true(lines_of(&longest) <= sizes[i][1]);
			assert_true(longest <= sizes[i][0]);
		}
		s.page = RZ_TOP_PAGE_MAIN;
	}
}

static void test_main_page(void **state)
{
	struct rz_top_state s = {};
	const struct rz_top_client *c;

	(void)state;
	conns[1].rx_bytes += 2048;
	look_again(SECOND_NS);
	rz_top_sort(&frame, RZ_TOP_SORT_RATE);
	c = draw(80, 24, &s, NULL);
	assert_string_equal(c->id, "orders");
	assert_non_null(strstr(drawn, "> orders"));
	assert_non_null(strstr(drawn, "b -> a"));
	assert_non_null(strstr(drawn, "2.0K/s"));
	assert_non_null(strstr(drawn, "no agent there"));
	assert_null(strstr(drawn, " home"));
	draw(100, 0, &s, NULL); /* for scripts */
	golden("top.txt", drawn);
	golden("top.json", PRINTED(rz_top_print_json, &frame, 0, "", false));
	s.selected = 99; /* kept within what there is */
	draw(80, 24, &s, NULL);
	assert_int_equal(s.selected, 3);
	strcpy(s.filter, "nobody");
	assert_null(draw(80, 24, &s, NULL));
	assert_non_null(strstr(drawn, "none whose id has nobody"));
}

static void test_text_page(void **state)
{
	struct rz_top_state s = {.page = RZ_TOP_PAGE_TEXT, .scroll = 999};
	char text[1024] = "";
	size_t i;

	(void)state;
	for (i = 0; i < 50; i++)
		sprintf(text + strlen(text), "line %zu\n", i);
	draw(80, 24, &s, text);
	assert_non_null(strstr(drawn, "line 49"));
	assert_null(strstr(drawn, "line 20\r"));
	assert_int_equal(s.scroll, 51 - 23);
	s.scroll = 0;
	draw(80, 24, &s, text);
	assert_non_null(strstr(drawn, "line 0"));
}

static void test_batch(void **state)
{
	struct rz_top_state s = {.all = true};
	size_t i;

	(void)state;
	draw(160, 0, &s, NULL);
	for (i = 0; drawn[i]; i++)
		assert_true(drawn[i] == '\n' || (drawn[i] >= ' ' && drawn[i] <= '~'));
	assert_non_null(strstr(drawn, "home"));
	assert_null(strstr(drawn, "q quit"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_clients_are_added_up),
		TEST(test_rates),
		TEST(test_rates_of_new_connections),
		TEST(test_rates_of_parked_connections),
		TEST(test_rates_of_connections_parked_before),
		TEST(test_order),
		TEST(test_filter),
		TEST(test_events),
		TEST(test_fits),
		TEST(test_main_page),
		TEST(test_text_page),
		TEST(test_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
