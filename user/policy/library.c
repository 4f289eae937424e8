// SPDX-License-Identifier: Apache-2.0
/* What client libraries bear, see library.h. */
#include "policy/library.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum use { ANY, FETCH_ONLY, PRODUCE, MEMBER /* of a group, and fetches */ };

/* A row's name for librdkafka under any name: no client says "*", which KIP-511 forbids. */
#define LIBRDKAFKA	      "*librdkafka"
#define VERSION(major, minor) ((major)*1000u + (minor))

/*
 * The first row that fits. An empty name: the client does not say what it is (kafka-go, kafkajs,
 * aiokafka, kafka-python before 2.1, and whoever asks for ApiVersions before v3 or not at all).
 *
 *  - Readers without a name: kafkajs goes back to the agent it knows after a reset and asks for
 *    metadata after 5 minutes; after an end of file it asks at once, and bears it where it knows
 *    other agents and loses one connection at a time, as it does by the policy. Where it may know
 *    fewer than two others, its group may rejoin after an end of file, and each reset is one of
 *    its retries: by the sixth it starts over with an error to the application. It comes home by
 *    itself within those 5 minutes. Nodes do not know of one another: if two of them end its
 *    connections within 2 s it reports an error, so one that is known by its print is left alone
 *    (50 errors in 374 moves at an interval of 1 s, docs/evidence/moves.md). Of those that never
 *    say a name only kafkajs and aiokafka send Fetch v11; their prints tell them apart, and from
 *    the others that are older than rezone, unless settings were changed (policy/known.h). Its
 *    group's coordinator may be another node's agent, so that its membership is not seen here. The
 *    others bear both.
 *  - Readers of kafka-go, which alone sends Fetch v10 and no name (others do at an agent that has
 *    no newer version; they have one data connection): a connection for each partition, each of
 *    which asks for the partition's leader by itself when it is lost. Several go at a time
 *    (pace.h).
 *  - Writers that are named nowhere below, or whose name was said before rezone was there: what
 *    they do is not known, and librdkafka goes by many names. None of those that never say their
 *    name sends Produce v9 or newer; librdkafka sends v7 up to 2.3, v8 in 2.4, and from 2.5 v10,
 *    or the newest that the agent has. So a connection older than rezone that sends v8 may be any
 *    of them at an agent that has no newer one.
 *  - Of those that never say their name kafka-go's Writer alone sends v8; so does kafka-python 2.3,
 *    which says it on its first connection alone, and is told by its print. kafka-go's asks for
 *    metadata by its own timer only (transport.go, discover): within MetadataTTL, 6 s by default,
 *    and is home before rezone looks. A lost connection makes it call the same agent again, so
 *    with a long MetadataTTL no move brings it home sooner.
 *  - Other writers without a name: kafka-python before 2.2 does not send again what failed
 *    (retries=0), and must not be held.
 *  - kafkajs's writer says no name either, but its batches tell it (policy/print.h); an idempotent
 *    one's may be librdkafka's before 2.4, too. It sends again what failed (retry.retries 5). An
 *    idempotent one takes a failed request's sequence number back and gives it to another record
 *    (sendMessages.js): in one of four moves after a hold it lost a record and wrote one twice. So
 *    it is not held. After a close in a gap it goes back to the agent it knows; it asks for
 *    metadata if a request of its failed (docs/evidence/close-matrix.md), so one is held before
 *    the close. So is one of librdkafka before 2.9 that knows no agent but this one and home: it
 *    does the same there.
 *  - aiokafka's writer is told by its batches, too, and sends again until request_timeout_ms.
 *  - franz-go's producer asks for metadata after an end of file, after a reset not if it was idle.
 *    When requests of its fail it goes back to the oldest of them, and a write that it had just
 *    sent on its next connection goes out once more (kgo/sink.go, resetBatchDrainIdx; seen at 4 of
 *    670 holds). Of an idempotent one, its default, the agent drops that. One that is not has one
 *    request in flight at a time by default, and then cannot do it, but a setting says otherwise.
 *    It reads one response after the other (kgo/broker.go, 1.7 to 1.22), so what lies in front of
 *    an end of file is read and counts: it drains. It asks for metadata every 5 minutes
 *    (MetadataMaxAge) by itself. Its reader ends a connection that was idle for 20 s
 *    (ConnIdleTimeout), and does not miss one that was closed before that: it opens another one to
 *    where it was. So one that is paused is closed once it fetches again.
 *  - librdkafka's reader asks another agent that it is connected to (not over its coordinator's
 *    connection) when it loses one. Where all of its partitions are at one agent, as those that
 *    cooperative-sticky gives a member may be, there is none; by the next loss there is, for it
 *    connects to any agent that it knows.
 *  - librdkafka's producer connects again to the agent it knows, and writes there. From 2.10 it
 *    drops the connection to an agent that its metadata does not list any more, without waiting
 *    for the answers, and writes all of that again. (Its own refresh, every 5 minutes, does the
 *    same to it.) 1.9, 2.0, 2.3, 2.4, 2.6 and 2.8 were tried and do not; a 2.9 was never released,
 *    and its candidate does (its source). So its client is followed. What it has
 *    in flight at another node's agent, which it leaves too, nobody holds (8 doubled in 3 moves of
 *    writers on two nodes). So it is moved only where it knows no agent but this one and home,
 *    where it writes at one at a time, or where it is idempotent: then the agent drops what comes
 *    twice.
 *  - Java from 4.0 starts over from its bootstrap list when it loses its only agent
 *    (metadata.recovery.strategy=rebootstrap, KIP-899), and the leader of a group that polls then
 *    rejoins it. It asks for metadata every 5 minutes, so it comes home by itself. Where it knows
 *    one agent only, its coordinator is that agent, and so its group connection is seen here. With
 *    one other agent it does not (docs/evidence/moves.md). A member without a name that sends
 *    Fetch v12 or newer is older than rezone, and may be it, unless its print says otherwise.
 *  - sarama puts data and group membership on one connection, and its group outlives that.
 *
 * A writer may be held only if its library sends again by default what it could not send: Java from
 * 2.1 (retries 2147483647; it says its name from 2.4 on), librdkafka (retries 2147483647 since
 * 1.6), kafka-python from 2.2 (retries without limit), sarama (Retry.Max 3), rskafka (without
 * limit). A setting that says otherwise cannot be seen here.
 */
static const struct row {
	const char *name;     /* as the client says it; NULL: any */
	unsigned from, below; /* versions; 0: any. One that cannot be read is 0 */
	enum use use;
	int data_from, data_to; /* versions of Produce or Fetch; 0: any */
	unsigned others_below;	/* only if the client may know of fewer others; 0: in any case */
	bool idempotent;	/* only if the producer is known to be idempotent */
	bool at_one;		/* only if it writes at one agent at a time */
	bool printed; /* a version that says no name (policy/print.h): none else was tried */
	struct rz_library_way way;
} rows[] = {
	{.name = "", .use = MEMBER, .data_from = 12, .others_below = 1, .way.close = RZ_CLOSE_AUTO},
	{.name = "",
	 .use = FETCH_ONLY,
	 .data_from = 11,
	 .data_to = 11,
	 .others_below = 2,
	 .way.close = RZ_CLOSE_AUTO},
	{.name = "",
	 .use = FETCH_ONLY,
	 .data_from = 10,
	 .data_to = 10,
	 .others_below = 2,
	 .way = {.close = RZ_CLOSE_RESET, .together = true}},
	{.name = "",
	 .use = FETCH_ONLY,
	 .data_from = 10,
	 .data_to = 10,
	 .way = {.close = RZ_CLOSE_FIN, .together = true}},
	{.name = "", .use = FETCH_ONLY, .others_below = 2, .way.close = RZ_CLOSE_RESET},
	{.name = "", .use = FETCH_ONLY, .way.close = RZ_CLOSE_FIN},
	{.name = "", .use = PRODUCE, .data_from = 8, .way.alone = true},
	{.name = "", .use = PRODUCE, .way = {.close = RZ_CLOSE_RESET, .gap_only = true}},
	{.name = "kafkajs", .use = FETCH_ONLY, .printed = true, .way.close = RZ_CLOSE_AUTO},
	{.name = "kafkajs",
	 .use = PRODUCE,
	 .idempotent = true,
	 .printed = true,
	 .way = {.close = RZ_CLOSE_RESET, .gap_only = true}},
	{.name = "kafkajs",
	 .use = PRODUCE,
	 .printed = true,
	 .way = {.close = RZ_CLOSE_RESET, .needs_hold = true}},
	{.name = "kgo",
	 .use = PRODUCE,
	 .idempotent = true,
	 .way = {.close = RZ_CLOSE_FIN, .idles = true}},
	{.name = "kgo",
	 .use = PRODUCE,
	 .way = {.close = RZ_CLOSE_FIN, .gap_only = true, .idles = true, .drains = true}},
	{.name = "kgo", .use = FETCH_ONLY, .way = {.close = RZ_CLOSE_RESET, .idles = true}},
	{.name = LIBRDKAFKA,
	 .from = VERSION(1, 0),
	 .use = FETCH_ONLY,
	 .way = {.close = RZ_CLOSE_RESET, .twice = true}},
	{.name = "aiokafka", .use = PRODUCE, .printed = true, .way.close = RZ_CLOSE_RESET},
	{.name = LIBRDKAFKA,
	 .from = VERSION(1, 9),
	 .below = VERSION(2, 9),
	 .use = PRODUCE,
	 .others_below = 1,
	 .way = {.close = RZ_CLOSE_RESET, .needs_hold = true}},
	{.name = LIBRDKAFKA,
	 .from = VERSION(1, 9),
	 .below = VERSION(2, 9),
	 .use = PRODUCE,
	 .way.close = RZ_CLOSE_RESET},
	{.name = LIBRDKAFKA,
	 .from = VERSION(2, 9),
	 .use = PRODUCE,
	 .idempotent = true,
	 .way = {.close = RZ_CLOSE_RESET, .follow = true}},
	{.name = LIBRDKAFKA,
	 .from = VERSION(2, 9),
	 .use = PRODUCE,
	 .at_one = true,
	 .way = {.close = RZ_CLOSE_RESET, .follow = true}},
	{.name = LIBRDKAFKA,
	 .from = VERSION(2, 9),
	 .use = PRODUCE,
	 .others_below = 1,
	 .way = {.close = RZ_CLOSE_RESET, .follow = true}},
	{.name = "kafka-python",
	 .from = VERSION(2, 2),
	 .use = PRODUCE,
	 .way.close = RZ_CLOSE_RESET},
	{.name = "kafka-python",
	 .use = PRODUCE,
	 .way = {.close = RZ_CLOSE_RESET, .gap_only = true}},
	{.name = "apache-kafka-java", .use = PRODUCE, .way.close = RZ_CLOSE_RESET},
	{.name = "apache-kafka-java",
	 .from = VERSION(4, 0),
	 .use = MEMBER,
	 .others_below = 1,
	 .way.close = RZ_CLOSE_AUTO},
	{.name = "rskafka", .use = PRODUCE, .way.close = RZ_CLOSE_RESET},
	{.name = "sarama", .way = {.close = RZ_CLOSE_RESET, .shared = true}},
	{.use = PRODUCE, .way.alone = true},
	{.way.close = RZ_CLOSE_RESET},
};

static const struct rz_software nothing; /* of a client that says no name */

/* "2.3.0", "v1.22.2", "4.4"; 0: it does not begin with two numbers. */
static unsigned read_version(const char *text)
{
	unsigned long major, minor;
	char *end;

	text += *text == 'v';
	if (!isdigit((unsigned char)*text))
		return 0;
	major = strtoul(text, &end, 10);
	if (*end != '.' || !isdigit((unsigned char)end[1]))
		return 0;
	minor = strtoul(end + 1, NULL, 10);
	return major < 1000 && minor < 1000 ? VERSION((unsigned)major, (unsigned)minor) : 0;
}

/*
 * librdkafka's own version. Most bindings say it behind their own, as "2.16.0-rdkafka-2.16.0",
 * "1.8.0-librdkafka-2.12.0", "2.5.0-rdkafka-ruby-v0.19.5-librdkafka-v2.8.0", whatever name they
 * give; those of C, Go and .NET say it alone. 0: it is another library, or nobody can tell: also
 * if BPF may have cut the end off.
 */
static unsigned librdkafka_version(const struct rz_software *s)
{
	static const char mark[] = "rdkafka-";
	static const char *const alone[] = {"librdkafka", "confluent-kafka-go",
					    "confluent-kafka-dotnet"};
	const char *at = NULL, *next = s->version;
	size_t i;

	if (strlen(s->version) >= sizeof(s->version) - 1)
		return 0;
	for (; (next = strstr(next, mark)); next = at)
		at = next + strlen(mark);
	if (at)
		return read_version(at);
	for (i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
		if (!strcmp(s->name, alone[i]))
			return read_version(s->version);
	return 0;
}

unsigned rz_library_librdkafka(const struct rz_software *s)
{
	return librdkafka_version(s);
}

static bool used_so(enum use use, const struct rz_library_case *c)
{
	switch (use) {
	case PRODUCE:
		return c->frame->produce;
	case FETCH_ONLY:
		return !c->frame->produce;
	case MEMBER:
		return !c->frame->produce && c->grouped;
	default:
		return true;
	}
}

static bool named_so(const struct row *r, const struct rz_software *s)
{
	unsigned version;

	if (!r->name)
		return true;
	if (!strcmp(r->name, LIBRDKAFKA))
		version = librdkafka_version(s);
	else if (!strcmp(r->name, s->name))
		version = read_version(s->version);
	else
		return false;
	return version >= r->from && (!r->below || version < r->below);
}

static bool fits(const struct row *r, const struct rz_library_case *c, const struct rz_software *s)
{
	if (!named_so(r, s) || !used_so(r->use, c))
		return false;
	if ((r->idempotent && !c->idempotent) || (r->at_one && !c->at_one))
		return false;
	if (r->printed && c->software)
		return false;
	if (c->frame->data_version < r->data_from)
		return false;
	if (r->data_to && c->frame->data_version > r->data_to)
		return false;
	return !r->others_below || c->others < r->others_below;
}

static struct rz_library_way way_of(const struct rz_library_case *c, const struct rz_software *s)
{
	const struct row *r = rows;

	while (!fits(r, c, s))
		r++;
	return r->way;
}

/* What both bear. */
static struct rz_library_way stricter(struct rz_library_way a, struct rz_library_way b)
{
	return (struct rz_library_way){.close = a.close == b.close ? a.close : RZ_CLOSE_AUTO,
				       .alone = a.alone || b.alone,
				       .shared = a.shared && b.shared,
				       .gap_only = a.gap_only || b.gap_only,
				       .needs_hold = a.needs_hold && b.needs_hold,
				       .follow = a.follow || b.follow,
				       .together = a.together && b.together,
				       .idles = a.idles || b.idles,
				       .drains = a.drains && b.drains,
				       .twice = a.twice && b.twice};
}

/* By which name a library is in the table, that a print names: one that never says a name is
 * treated as all such are, unless a row is about it. */
static const struct rz_software *name_of_print(unsigned i)
{
	const struct rz_software *s = rz_print_name(i);
	size_t k;

	if (rz_print_says_name(i))
		return s;
	for (k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
		if (rows[k].name && !strcmp(rows[k].name, s->name))
			return s;
	return &nothing;
}

/* It is one of several libraries. */
static struct rz_library_way way_of_prints(const struct rz_library_case *c)
{
	struct rz_library_way ret = {};
	bool first = true;
	unsigned i;

	for (i = 0; i < RZ_PRINT_NAMES_MAX; i++) {
		struct rz_library_way w;

		if (!(c->prints >> i & 1))
			continue;
		w = way_of(c, name_of_print(i));
		ret = first ? w : stricter(ret, w);
		first = false;
	}
	return ret;
}

/* What tells producers apart is the way in which each library fills the header of a batch. What
 * tells readers apart are settings mostly. So of readers the libraries' ways count only where no
 * way is known for one that may be any, or where all of them bear the loss of a connection that
 * their group shares. But what may be kafkajs's is left alone in any case. */
struct rz_library_way rz_library_way(const struct rz_library_case *c)
{
	struct rz_library_way any = way_of(c, c->software ? c->software : &nothing), one_of;

	if (c->software || !c->prints)
		return any;
	one_of = way_of_prints(c);
	return c->frame->produce || any.close == RZ_CLOSE_AUTO || one_of.shared ||
			       c->prints & rz_print_called("kafkajs")
		       ? one_of
		       : any;
}

static unsigned version_of(const struct rz_software *s)
{
	unsigned v = librdkafka_version(s);

	return v ? v : read_version(s->version);
}

/* Are these two versions of a library one to the table? */
static bool same_rows(const struct rz_software *a, const struct rz_software *b)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].name && named_so(&rows[i], a) != named_so(&rows[i], b))
			return false;
	return true;
}

static bool same_library(const struct rz_software *a, const struct rz_software *b)
{
	return !strcmp(a->name, b->name) || (librdkafka_version(a) && librdkafka_version(b));
}

bool rz_library_contradicts(const struct rz_software *said, rz_print_names prints)
{
	unsigned i;

	for (i = 0; i < RZ_PRINT_NAMES_MAX; i++)
		if (prints >> i & 1 && same_library(said, rz_print_name(i)) &&
		    (version_of(said) >= version_of(rz_print_name(i)) ||
		     same_rows(said, rz_print_name(i))))
			return false;
	return prints != 0;
}
