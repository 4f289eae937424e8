// SPDX-License-Identifier: Apache-2.0
/*
 * A Kafka application in C, on the librdkafka of the machine (Debian's librdkafka-dev).
 *
 * Comes in: client group|write FLAGS...: tests/peers/clients/run says the flags; --set has
 * librdkafka's properties. Goes out: JSON lines on stdout, the form of tests/peers/app/event.go;
 * librdkafka's messages on stderr. Called by tests/peers/clients/run.
 *
 * An ordinary application with the library's defaults: it leaves all reconnecting and retrying to
 * the library, and goes on after an error. --settings is not looked at. Each of its --instances is
 * a thread, the only one that calls librdkafka for its client, and where its callbacks run.
 */
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000ULL
#define STEP_MS	  200 /* so late it learns that it shall end */
#define STEP_NS	  (STEP_MS * 1000000ULL)
#define END_MS	  5000 /* so long a producer may take for its last writes */

struct flags {
	const char *bootstrap, *client_id, *topic, *group, *set;
	double rate;
	int partition; /* RD_KAFKA_PARTITION_UA: the library's own partitioner chooses */
	bool latest;
	int instances;
};

/* One client of the process. */
struct app {
	const struct flags *flags;
	void (*run)(struct app *a);
	int number;
	unsigned long n; /* records read or acknowledged */
};

/* What a line says. Numbers below 0 and NULL are not known. */
struct said {
	const char *event, *id, *error;
	size_t id_bytes; /* 0: id is a C string */
	int partition;
	int64_t offset;
	const rd_kafka_topic_partition_list_t *list; /* of a group's member, or NULL */
};

static volatile sig_atomic_t ends;

static void on_signal(int nr)
{
	(void)nr;
	ends = 1;
}

static void put_text(const char *text, size_t bytes)
{
	size_t i;

	putchar('"');
	for (i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ')
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void put(const char *key, const char *text, size_t bytes)
{
	printf(",\"%s\":", key);
	if (text)
		put_text(text, bytes);
	else
		fputs("null", stdout);
}

static void put_number(const char *key, int64_t number)
{
	printf(",\"%s\":", key);
	if (number < 0)
		fputs("null", stdout);
	else
		printf("%lld", (long long)number);
}

static void put_partitions(const rd_kafka_topic_partition_list_t *list)
{
	int i;

	fputs(",\"partitions\":[", stdout);
	for (i = 0; i < list->cnt; i++)
		printf("%s%d", i ? "," : "", list->elems[i].partition);
	putchar(']');
}

/* One line; the clients' threads take turns. A closed stdout ends the process: nobody listens. */
static void say(struct app *a, const struct said *s)
{
	struct timespec t;
	struct tm utc;
	char when[32];

	if (!strcmp(s->event, "read") || !strcmp(s->event, "wrote"))
		a->n++;
	flockfile(stdout);
	clock_gettime(CLOCK_REALTIME, &t);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", gmtime_r(&t.tv_sec, &utc));
	printf("{\"t\":\"%s.%06ldZ\",\"event\":\"%s\",\"n\":%lu,\"client\":%d", when,
	       t.tv_nsec / 1000, s->event, a->n, a->number);
	put("id", s->id, s->id && !s->id_bytes ? strlen(s->id) : s->id_bytes);
	put_number("partition", s->partition);
	put_number("offset", s->offset);
	put("error", s->error, s->error ? strlen(s->error) : 0);
	if (s->list)
		put_partitions(s->list);
	puts("}");
	if (fflush(stdout))
		_exit(1);
	funlockfile(stdout);
}

static void say_error(struct app *a, const char *id, const char *error)
{
	say(a, &(struct said){"error", .id = id, .error = error, .partition = -1, .offset = -1});
}

static void say_event(struct app *a, const char *event, const rd_kafka_topic_partition_list_t *list)
{
	say(a, &(struct said){event, .partition = -1, .offset = -1, .list = list});
}

static _Noreturn void die(struct app *a, const char *why)
{
	say_error(a, NULL, why);
	_exit(1);
}

/* Sets a property; the %d of its value becomes the client's number. */
static void set(struct app *a, rd_kafka_conf_t *conf, const char *key, const char *value)
{
	const char *d = strstr(value, "%d");
	char full[512], why[256];

	if (d)
		snprintf(full, sizeof(full), "%.*s%d%s", (int)(d - value), value, a->number, d + 2);
	else
		snprintf(full, sizeof(full), "%s", value);
	if (rd_kafka_conf_set(conf, key, full, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		die(a, why);
}

static rd_kafka_conf_t *config(struct app *a)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char *pairs = strdup(a->flags->set), *pair, *rest = pairs;

	set(a, conf, "bootstrap.servers", a->flags->bootstrap);
	set(a, conf, "client.id", a->flags->client_id);
	while ((pair = strsep(&rest, ";"))) {
		char *value = strchr(pair, '=');

		if (!value)
			continue;
		*value++ = '\0';
		set(a, conf, pair, value);
	}
	free(pairs);
	rd_kafka_conf_set_opaque(conf, a);
	return conf;
}

static rd_kafka_t *create(struct app *a, rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
	char why[256];
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));

	if (!rk)
		die(a, why);
	return rk;
}

/* The opaque pointer of a record is its id. */
static void on_written(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	(void)rk;
	if (m->err)
		say_error(opaque, m->_private, rd_kafka_err2str(m->err));
	else
		say(opaque, &(struct said){"wrote", .id = m->_private, .partition = m->partition,
					   .offset = m->offset});
	free(m->_private);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* Tells of acknowledgements until it is time to write the next record. */
static void poll_until(rd_kafka_t *rk, uint64_t due_ns)
{
	uint64_t now;

	while (!ends && (now = now_ns()) < due_ns)
		rd_kafka_poll(rk, due_ns - now < STEP_NS ? (int)((due_ns - now) / 1000000) + 1
							 : STEP_MS);
}

static void write_all(struct app *a)
{
	rd_kafka_conf_t *conf = config(a);
	uint64_t due = now_ns();
	unsigned long seq;
	rd_kafka_t *rk;

	rd_kafka_conf_set_dr_msg_cb(conf, on_written);
	rk = create(a, RD_KAFKA_PRODUCER, conf);
	for (seq = 1; !ends; seq++) {
		rd_kafka_resp_err_t err;
		char *id;

		due += (uint64_t)((double)SECOND_NS / a->flags->rate);
		poll_until(rk, due);
		if (asprintf(&id, "librdkafka-%d-%d-%lu", getpid(), a->number, seq) < 0)
			die(a, "no memory");
		err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(a->flags->topic),
					RD_KAFKA_V_PARTITION(a->flags->partition),
					RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
					RD_KAFKA_V_VALUE(id, strlen(id)), RD_KAFKA_V_OPAQUE(id),
					RD_KAFKA_V_END);
		if (err) {
			say_error(a, id, rd_kafka_err2str(err));
			free(id);
		}
	}
	rd_kafka_flush(rk, END_MS);
	rd_kafka_destroy(rk);
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
			 rd_kafka_topic_partition_list_t *list, void *opaque)
{
	bool assigned = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
	bool steps = !strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE");
	rd_kafka_error_t *e = NULL;

	say_event(opaque, assigned ? "assigned" : "revoked", list);
	if (steps)
		e = assigned ? rd_kafka_incremental_assign(rk, list)
			     : rd_kafka_incremental_unassign(rk, list);
	else
		err = rd_kafka_assign(rk, assigned ? list : NULL);
	if (e)
		say_error(opaque, NULL, rd_kafka_error_string(e));
	else if (!steps && err)
		say_error(opaque, NULL, rd_kafka_err2str(err));
	rd_kafka_error_destroy(e);
}

static void say_read(struct app *a, const rd_kafka_message_t *m)
{
	const char *blank = m->payload ? memchr(m->payload, ' ', m->len) : NULL;

	say(a,
	    &(struct said){"read", .id = m->payload ? m->payload : "",
			   .id_bytes = blank ? (size_t)(blank - (const char *)m->payload) : m->len,
			   .partition = m->partition, .offset = m->offset});
}

static void read_group(struct app *a)
{
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_conf_t *conf = config(a);
	rd_kafka_resp_err_t err;
	rd_kafka_t *rk;

	set(a, conf, "group.id", a->flags->group);
	set(a, conf, "auto.offset.reset", a->flags->latest ? "latest" : "earliest");
	rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
	rk = create(a, RD_KAFKA_CONSUMER, conf);
	rd_kafka_poll_set_consumer(rk);
	rd_kafka_topic_partition_list_add(topics, a->flags->topic, RD_KAFKA_PARTITION_UA);
	err = rd_kafka_subscribe(rk, topics);
	if (err)
		die(a, rd_kafka_err2str(err));
	while (!ends) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, STEP_MS);

		if (!m)
			continue;
		if (m->err)
			say_error(a, NULL, rd_kafka_message_errstr(m));
		else
			say_read(a, m);
		rd_kafka_message_destroy(m);
	}
	rd_kafka_consumer_close(rk);
	rd_kafka_topic_partition_list_destroy(topics);
	rd_kafka_destroy(rk);
}

static void *run(void *arg)
{
	struct app *a = arg;

	say_event(a, "start", NULL);
	a->run(a);
	say_event(a, "stop", NULL);
	return NULL;
}

static void take_flag(struct flags *f, const char *name, const char *value)
{
	if (!strcmp(name, "--bootstrap"))
		f->bootstrap = value;
	else if (!strcmp(name, "--client-id"))
		f->client_id = value;
	else if (!strcmp(name, "--topic"))
		f->topic = value;
	else if (!strcmp(name, "--group"))
		f->group = value;
	else if (!strcmp(name, "--set"))
		f->set = value;
	else if (!strcmp(name, "--from"))
		f->latest = !strcmp(value, "last");
	else if (!strcmp(name, "--rate"))
		f->rate = strtod(value, NULL);
	else if (!strcmp(name, "--instances"))
		f->instances = atoi(value);
	else if (!strcmp(name, "--partition"))
		f->partition = strcmp(value, "own") ? atoi(value) : RD_KAFKA_PARTITION_UA;
}

static void start_all(const struct flags *f, bool group)
{
	struct app *apps = calloc((size_t)f->instances, sizeof(*apps));
	pthread_t *threads = calloc((size_t)f->instances, sizeof(*threads));
	struct flags *mine = calloc((size_t)f->instances, sizeof(*mine));
	int i;

	if (!apps || !threads || !mine)
		exit(1);
	for (i = 0; i < f->instances; i++) {
		mine[i] = *f;
		if (f->partition != RD_KAFKA_PARTITION_UA)
			mine[i].partition += i;
		apps[i] = (struct app){&mine[i], group ? read_group : write_all, i + 1, 0};
		if (pthread_create(&threads[i], NULL, run, &apps[i]))
			exit(1);
	}
	for (i = 0; i < f->instances; i++)
		pthread_join(threads[i], NULL);
	free(apps);
	free(threads);
	free(mine);
}

int main(int argc, char **argv)
{
	struct flags f = {.set = "", .rate = 10, .instances = 1};
	bool group = argc > 1 && !strcmp(argv[1], "group");
	struct sigaction end = {.sa_handler = on_signal};
	int i;

	for (i = 2; i + 1 < argc; i += 2)
		take_flag(&f, argv[i], argv[i + 1]);
	if (argc % 2 || (!group && strcmp(argv[1], "write")) || !f.bootstrap || !f.client_id ||
	    !f.topic || f.instances < 1 || !(f.rate > 0) || (group && !f.group)) {
		fputs("usage: client group|write --bootstrap HOST:PORT,... --client-id ID --topic "
		      "T ...\n",
		      stderr);
		return 2;
	}
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	start_all(&f, group);
	return 0;
}
